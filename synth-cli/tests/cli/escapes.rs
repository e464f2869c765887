//! What a terminal would follow is spelled out wherever people are shown it.

use crate::support::{Ended, Folder, plain};

const ESCAPES: &str = "\u{1b}[31mdose\u{1b}]0;title\u{7}";
const SPELLED: &str = "\\u{1b}[31mdose\\u{1b}]0;title\\u{7}";

/// Nothing but text and the ends of lines.
#[track_caller]
fn check(ended: &Ended) {
    let out = ended.out();
    for said in [&out, &ended.stderr] {
        assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{said:?}");
    }
}

#[test]
fn names_of_columns_are_spelled_out() {
    let folder = Folder::new();
    folder.write("in.csv", plain(150).replace("dose", ESCAPES));
    let run = folder.synth(&["run", "in.csv", "--out", "out", "--engine", "copula", "--keep-refused"]);
    assert!([0, 4, 5].contains(&run.code), "{run:?}");
    check(&run);
    assert!(run.out().contains(SPELLED), "{}", run.out());
    folder.synth(&["fit", "in.csv", "--model", "m", "--engine", "copula"]).with(0);
    let inspect = folder.synth(&["inspect", "m"]).with(0);
    check(&inspect);
    assert!(inspect.out().contains(SPELLED), "{}", inspect.out());
    let profile = folder.synth(&["profile", "in.csv"]).with(0);
    check(&profile);
    // It is TOML, which spells it in its own way, and means the same.
    folder.write("schema.toml", &profile.stdout);
    folder.synth(&["plan", "in.csv", "--schema", "schema.toml", "--engine", "copula"]).with(0);
    let refused = folder.synth(&["plan", "in.csv", "--target", ESCAPES, "--engine", "copula"]).with(2);
    check(&refused);
    assert!(refused.stderr.contains(SPELLED), "{}", refused.stderr);
}

#[test]
#[cfg(unix)]
fn names_of_files_are_spelled_out() {
    let folder = Folder::new();
    let name = format!("{ESCAPES}.csv");
    folder.write(&name, plain(150));
    let missing = folder.synth(&["plan", &format!("none{name}")]).with(3);
    check(&missing);
    assert!(missing.stderr.contains(SPELLED), "{}", missing.stderr);
    let run = folder.synth(&["run", &name, "--out", "out", "--engine", "copula"]);
    check(&run);
    // A file put in under a name that is one of ours but for its escapes, and a line's end that would end the message.
    folder.write(&format!("out/synthetic\n{name}"), "a\n1\n");
    let verify = folder.synth(&["verify", "out"]).with(3);
    check(&verify);
    assert!(verify.stderr.contains(&format!("synthetic\\u{{a}}{SPELLED}.csv")), "{}", verify.stderr);
}
