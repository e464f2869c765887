//! The report page: what has to be on it, and what never may be.

use crate::support::{CANARY, DEMO, Folder, SHORT, table};

const COPULA: [&str; 3] = ["--engine", "copula", "--quiet"];
/// What every page of a run has, by its id.
const PARTS: [&str; 22] = [
    "verdict",
    "checks",
    "attempts",
    "distributions",
    "associations",
    "map-real",
    "map-synthetic",
    "map-difference",
    "projection",
    "plane-real",
    "plane-synthetic",
    "plane-ratio",
    "privacy",
    "subgroups",
    "training",
    "training-curve",
    "schema",
    "constraints",
    "measures",
    "provenance",
    "disclaimer",
    "sign-off",
];
/// A name that would run, were it not escaped, wherever it stood.
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";

fn page(folder: &Folder, args: &[&str], code: i32) -> String {
    folder.synth(&[&["run"], args, &["--out", "out", "--force"]].concat()).with(code);
    read(folder, "out/report.html")
}

fn read(folder: &Folder, name: &str) -> String {
    let page = String::from_utf8(folder.read(name)).unwrap();
    check(&page);
    page
}

/// What holds for every page.
fn check(page: &str) {
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline';"));
    let lower = page.to_lowercase();
    for never in ["<script", "<img", "<iframe", "javascript:", " onload", "@import", "<base", "http-equiv=\"refresh"] {
        assert!(!lower.contains(never), "{never} is in the page");
    }
    // What a browser would fetch: only what is in the page itself.
    for (attribute, allowed) in [("href=\"", &["#", "data:,"][..]), ("src=\"", &[][..]), ("url(", &["#hatch)"])] {
        for found in lower.split(attribute).skip(1) {
            assert!(allowed.iter().any(|a| found.starts_with(a)), "{attribute}{}", &found[..found.len().min(40)]);
        }
    }
    assert!(!lower.contains("compliant") && !lower.contains("certified") && !lower.contains("anonym"), "a claim");
    well_formed(page);
}

/// Every element that is opened is closed, in order: a name that got out of its place would break that.
fn well_formed(page: &str) {
    const VOID: [&str; 4] = ["meta", "link", "br", "!doctype"];
    let mut open: Vec<String> = Vec::new();
    for tag in page.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name: String =
            tag.chars().take_while(|c| !c.is_whitespace() && *c != '/' || c == &'/' && tag.starts_with('/')).collect();
        let name = name.to_lowercase();
        if let Some(name) = name.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closed out of order");
        } else if !tag.ends_with('/') && !VOID.contains(&name.as_str()) {
            open.push(name);
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in <{tag}>");
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn every_part_is_there_and_the_log_names_the_page() {
    let folder = Folder::new();
    let page = page(&folder, &[&[DEMO, "--quiet"], &SHORT[..], &["--max-attempts", "1"]].concat(), 4);
    for part in PARTS {
        assert_eq!(page.matches(&format!("id=\"{part}\"")).count(), 1, "{part}");
    }
    // The verdict comes first, in words and with its reasons.
    let [verdict, checks] = ["id=\"verdict\"", "id=\"checks\""].map(|id| page.find(id).unwrap());
    let banner = &page[verdict..checks];
    for words in ["Refused under <code>hipaa</code>", "✗ fail", "No table was released", "limit of 1 attempts"] {
        assert!(banner.contains(words), "{words:?} is not in {banner}");
    }
    // A figure a column, each with a name for those who do not see it.
    let columns = folder.read("out/schema.toml");
    let n_columns = String::from_utf8(columns).unwrap().matches("[[field]]").count();
    assert_eq!(page.matches("class=\"distribution\"").count(), n_columns);
    assert_eq!(page.matches("role=\"img\"").count(), page.matches("<title>").count() - 1);
    folder.synth(&["verify", "out"]).with(0);
    let mut changed = page.into_bytes();
    *changed.last_mut().unwrap() = b' ';
    folder.write("out/report.html", changed);
    folder.synth(&["verify", "out"]).fails(3, "report.html");
}

#[test]
fn why_there_was_another_attempt_is_told() {
    let folder = Folder::new();
    let page = page(&folder, &[&[DEMO, "--quiet"], &SHORT[..], &["--max-attempts", "2"]].concat(), 0);
    let attempts = &page[page.find("id=\"attempts\"").unwrap()..page.find("id=\"distributions\"").unwrap()];
    for words in ["Attempt 1", "Attempt 2", "Rule <code>columns-off</code>, because", "n_iter 5 -", "Checks by attempt"]
    {
        assert!(attempts.contains(words), "{words:?} is not in {attempts}");
    }
}

#[test]
fn an_accepted_table_is_said_to_be_and_nothing_depends_on_time_or_threads() {
    let folder = Folder::new();
    let one = page(&folder, &[&[DEMO, "--threads", "1"], &COPULA[..]].concat(), 0);
    let banner = &one[..one.find("id=\"checks\"").unwrap()];
    let said = |text: &str| banner.contains(text);
    assert!(said("Accepted") && said("under <code>hipaa</code>") && said("checks passed"), "{banner}");
    assert!(!said("refuse") && !said("left open"), "{banner}");
    let two = page(&folder, &[&[DEMO, "--threads", "2"], &COPULA[..]].concat(), 0);
    assert!(one == two, "two runs differ");
    // An attempt that took time does not say how much.
    assert!(!one.contains(" ms") && !one.contains("seconds"));
}

#[test]
fn a_run_without_a_table_says_why() {
    let folder = Folder::new();
    let page = page(&folder, &[&[DEMO, "--time-budget", "1ms", "--quiet"], &SHORT[..]].concat(), 7);
    for words in
        ["Not enough evidence under", "No attempt produced a table", "No distributions to show", "No attack was run"]
    {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn hostile_names_are_text() {
    let folder = Folder::new();
    // A name of a column of numbers, one of levels, and a level that half the rows have.
    let quoted = format!("\"{}\"", HOSTILE.replace('"', "\"\""));
    let header = format!("age,sex,dose,{quoted},\"<script>alert(3)</script>\"");
    let text = table(240, &header, |i| {
        let level = if i % 2 == 0 { quoted.as_str() } else { "</title></svg><b>" };
        format!(",{level},{}.5", i * 7 % 90)
    });
    folder.write("in.csv", &text);
    let page = page(&folder, &[&["in.csv", "--keep-refused", "--max-attempts", "1"], &COPULA[..]].concat(), 4);
    assert!(
        page.contains("&lt;script&gt;alert(3)&lt;/script&gt;") || page.contains("&#60;script&#62;alert(3)"),
        "not shown"
    );
    assert!(page.contains("&lt;/title&gt;&lt;") || page.contains("&#60;/title&#62;"), "not shown");
    assert!(!page.contains("onerror=alert(2)>"));
}

#[test]
fn what_few_rows_have_is_not_on_the_page() {
    let folder = Folder::new();
    // Three rows with a level of their own, five without a dose, one age far out; nothing is protected.
    let text = table(300, "age,sex,dose,ward,seen", |i| {
        let ward = if i % 100 == 7 { CANARY } else { ["north", "south"][i % 2] };
        format!(",{ward},{}", if i == 11 { 987_654 } else { i * 11 % 83 })
    });
    folder.write("in.csv", text);
    let args = [&["in.csv", "--no-protection", "--max-attempts", "1"], &COPULA[..]].concat();
    folder.synth(&[&["run"], &args[..], &["--out", "out"]].concat());
    let page = read(&folder, "out/report.html");
    assert!(page.contains("north") && page.contains("all others"));
    assert!(!page.contains(CANARY) && !page.contains("987654") && !page.contains("987\u{202f}654"));
    // Of sex every level is shown, of ward those of enough rows with what they leave, which is enough too.
    let subgroups = &page[page.find("id=\"subgroups\"").unwrap()..page.find("id=\"training\"").unwrap()];
    assert!(subgroups.contains("<b>sex</b>") || subgroups.contains("fewer than 11"), "{subgroups}");
    // No count from 1 to 10 stands beside a share: the smallest share of 300 rows that may be told is 3.7 %.
    let figures = &page[page.find("id=\"distributions\"").unwrap()..page.find("id=\"associations\"").unwrap()];
    for text in figures.split("text-anchor=\"end\"").skip(1).filter_map(|t| t.split(['>', '<']).nth(1)) {
        if let Some((real, _)) = text.split_once(" % | ") {
            let real: f64 = real.trim().parse().unwrap();
            assert!(real == 0.0 || real >= 3.6, "{text}");
        }
    }
}

#[test]
fn groups_too_small_to_be_counted_are_not() {
    let folder = Folder::new();
    let text = table(300, "age,sex,dose,race", |i| {
        format!(",{}", if i % 100 == 7 { CANARY } else { ["white", "black"][i % 2] })
    });
    folder.write("in.csv", text.replace("age,sex,dose", "age,arm,dose"));
    let args = [&["in.csv", "--no-protection", "--max-attempts", "1"], &COPULA[..]].concat();
    folder.synth(&[&["run"], &args[..], &["--out", "out"]].concat());
    let page = read(&folder, "out/report.html");
    let subgroups = &page[page.find("id=\"subgroups\"").unwrap()..page.find("id=\"training\"").unwrap()];
    assert!(subgroups.contains("<b>race</b>") && subgroups.contains("all other levels"), "{subgroups}");
    assert!(subgroups.contains("data-label=\"real rows\">fewer than 11<"), "{subgroups}");
    // Nor can they be told from what the others leave: the smallest of those has no number.
    assert_eq!(subgroups.matches("data-label=\"real rows\">at least 11<").count(), 1, "{subgroups}");
    assert!(!page.contains(CANARY));
}

#[test]
fn a_wide_table_is_a_small_page() {
    let folder = Folder::new();
    let names: Vec<String> = (0..277).map(|c| format!("channel_{c}_with_a_rather_long_name")).collect();
    let text = table(150, &format!("age,sex,dose,{}", names.join(",")), |i| {
        (0..277).map(|c| format!(",{}", (i * (c + 3) * 7919 + c * c) % 97)).collect()
    });
    folder.write("in.csv", text);
    folder.synth(&[&["run", "in.csv", "--max-attempts", "1", "--out", "out"], &COPULA[..]].concat());
    let page = read(&folder, "out/report.html");
    // Two channels are constant.
    assert_eq!(page.matches("class=\"distribution\"").count(), 278);
    assert!(page.contains("254 more columns") && page.contains("the 40 of 278 columns whose associations differ most"));
}

#[test]
fn evaluate_writes_a_page_without_a_verdict() {
    let folder = Folder::new();
    folder.synth(&[&["run", DEMO, "--out", "out"], &COPULA[..]].concat()).with(0);
    let args = ["evaluate", "--train", DEMO, "--synthetic", "out/synthetic.csv", "--core", "--quiet"];
    folder.synth(&[&args[..], &["--html", "page.html", "--out", "report.json"]].concat()).with(0);
    let page = read(&folder, "page.html");
    assert!(page.contains("Measured, not judged") && page.contains("id=\"plane-ratio\""));
    assert!(!page.contains("id=\"sign-off\"") && !page.contains("id=\"checks\""));
    folder.synth(&[&args[..], &["--html", "page.html"]].concat()).fails(2, "exists; --force replaces it");
    folder.synth(&[&args[..], &["--html", "-"]].concat()).fails(2, "--html needs a file of its own");
    folder.synth(&[&args[..], &["--html", "x", "--out", "x"]].concat()).fails(2, "--html needs a file of its own");
}
