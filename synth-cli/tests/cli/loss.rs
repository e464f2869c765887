//! What is lost between the table as given and the synthetic one: said first, measured, and judged.

use super::support::Folder;

/// Patients with a code of which most values are rare, the text of each code, a sum of two parts with long tails, and words of their own.
fn patients(n: usize) -> String {
    let mut text = "sex,dx,dx_text,first,second,total,remark\n".to_owned();
    for i in 0..n {
        let code = if i % 3 == 0 { 0 } else { i * 7 % 120 };
        let dx = format!("{}{:02}.{}", ['H', 'I', 'J'][code % 3], code / 10, code % 10);
        let about = format!("a finding of the kind that has number {code} here");
        let (first, second) = ((i * i * 31 % 977) as f64 / 4.0, (i * 17 % 89) as f64 / 4.0);
        let remark = format!("what was said on visit {i} by a person in {} words", i * 13 % 97);
        text += &format!("{},{dx},{about},{first},{second},{},{remark}\n", ["m", "f"][i % 2], first + second);
    }
    text
}

#[test]
fn what_was_lost_comes_first_and_is_measured() {
    let folder = Folder::new();
    folder.write("patients.csv", patients(600));
    let args = ["run", "patients.csv", "--engine", "copula", "--max-attempts", "1", "--keep-refused", "--out", "out"];
    let said = folder.synth(&args).out();
    let first = said.lines().next().unwrap();
    assert!(first.starts_with("lost: 1 of 7 columns came back empty: `remark` (free text is emptied)"), "{said}");
    let card = folder.read("out/MODEL_CARD.md");
    let card = String::from_utf8_lossy(&card);
    let (before, _) = card.split_once("## Purpose").unwrap();
    assert!(before.contains("Lost: 1 of 7 columns came back empty"), "{before}");
    let page = folder.read("out/report.html");
    assert!(String::from_utf8_lossy(&page).contains("1 of 7 columns came back empty"));

    let record: serde_json::Value = serde_json::from_slice(&folder.read("out/report.json")).unwrap();
    let report = &record["attempts"][0]["result"]["judged"]["report"];
    let loss = |column: &str| {
        let all = report["losses"].as_array().unwrap();
        all.iter().find(|loss| loss["column"] == column).unwrap_or_else(|| panic!("{report}")).clone()
    };
    assert_eq!((&loss("remark")["came_back"], &loss("remark")["emptied"]), (&"empty".into(), &1.0.into()));
    // Rare codes are cut to their beginning, and the text of a code is its label: neither is emptied, and little is pooled.
    assert!(loss("dx")["changed"].as_f64().unwrap() > 0.4, "{}", loss("dx"));
    assert_eq!(loss("dx")["replaced"], 0.0);
    assert!(loss("dx_text")["kept"].as_f64().unwrap() > 0.3, "{}", loss("dx_text"));
    let value = |id: &str| {
        let all = report["measures"].as_array().unwrap();
        let measure = all.iter().find(|measure| measure["id"] == id).unwrap();
        measure["outcome"]["measured"]["value"].as_f64().unwrap_or_else(|| panic!("{measure}"))
    };
    assert!((value("columns_kept") - 6.0 / 7.0).abs() < 1e-3);
    assert!(value("cells_kept") < 0.9);
    // The text that came back empty counts at the worst value, and no measure against the protected table sees it.
    assert!(value("given_tvd_mean") > value("tvd_mean") + 0.2);
    // A finding names the column, whatever else was decided.
    let checks = report_checks(&record);
    assert!(checks.iter().any(|sentence| sentence.contains("came back without information: `remark`")), "{checks:?}");
}

fn report_checks(record: &serde_json::Value) -> Vec<String> {
    let checks = record["attempts"][0]["result"]["judged"]["verdict"]["checks"].as_array().unwrap();
    checks.iter().map(|check| check["sentence"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_table_that_lost_most_of_its_columns_is_refused_by_name() {
    let folder = Folder::new();
    let row = |i: usize| {
        let own = |part: &str| format!("{part} as told on day {i} by somebody in {} words", i * 13 % 97);
        format!("{}.5,{},{},{}\n", i * 17 % 200, own("history"), own("plan"), own("remark"))
    };
    let text: String = std::iter::once("dose,history,plan,remark\n".to_owned()).chain((0..200).map(row)).collect();
    folder.write("notes.csv", text);
    let run = folder.synth(&["run", "notes.csv", "--engine", "copula", "--out", "out"]).with(4).out();
    assert!(run.starts_with("lost: 3 of 4 columns came back empty: `history`, `plan`, `remark`"), "{run}");
    assert!(
        run.contains("columns_kept 0.25 is below the limit 0.50") || run.contains("columns_kept 0.250 is below"),
        "{run}"
    );
    // No plan brings them back: one attempt is enough to know.
    assert!(run.contains("attempt 1:") && !run.contains("attempt 2:"), "{run}");
}

#[test]
fn evaluate_measures_against_the_table_as_given_where_there_is_one() {
    let folder = Folder::new();
    folder.write("patients.csv", patients(300));
    let emptied: String = patients(300)
        .lines()
        .enumerate()
        .map(|(i, line)| if i == 0 { format!("{line}\n") } else { format!("{},\n", line.rsplit_once(',').unwrap().0) })
        .collect();
    folder.write("protected.csv", emptied);
    let common = ["evaluate", "--train", "protected.csv", "--synthetic", "protected.csv", "--core", "--json"];
    let value = |report: &serde_json::Value, id: &str| {
        let all = report["measures"].as_array().unwrap();
        all.iter().find(|measure| measure["id"] == id).unwrap()["outcome"]["measured"]["value"].as_f64()
    };
    let alone = folder.synth(&common).with(0).json();
    assert_eq!((value(&alone, "columns_kept"), value(&alone, "tvd_mean")), (None, Some(0.0)));
    let beside = folder.synth(&[&common[..], &["--given", "patients.csv"]].concat()).with(0).json();
    assert!((value(&beside, "columns_kept").unwrap() - 6.0 / 7.0).abs() < 1e-3);
    folder.write("shorter.csv", patients(299));
    folder.synth(&[&common[..], &["--given", "shorter.csv"]].concat()).fails(3, "must have the same rows");
}
