//! Where settings come from, and what is made from the arguments' own description.

use crate::support::{DEMO, Folder};

/// The value and the origin of a setting, as `synth config` shows them.
fn setting(shown: &str, name: &str) -> (String, String) {
    let line = shown.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap_or_else(|| panic!("{shown}"));
    let (value, from) = line.split_once('#').unwrap();
    (value.split_once('=').unwrap().1.trim().to_owned(), from.trim().to_owned())
}

#[test]
fn flags_go_before_variables_and_variables_before_the_file() {
    let folder = Folder::of_drawn_seeds();
    folder.write("synth.toml", "seed = 7\nhidden = [16, 16]\n[run]\npolicy = \"research\"\n[fit]\nn-iter = 9\n");
    let shown = folder.synth(&["config", "--show"]).with(0).out();
    let of = |name: &str| setting(&shown, name);
    assert_eq!(of("seed"), ("7".to_owned(), "synth.toml".to_owned()));
    assert_eq!(of("hidden"), ("\"16,16\"".to_owned(), "synth.toml".to_owned()));
    assert_eq!(of("policy"), ("\"research\"".to_owned(), "synth.toml".to_owned()));
    assert_eq!(of("engine"), ("\"auto\"".to_owned(), "default".to_owned()));
    assert!(shown.contains("# n-iter is not set"));
    let fit = folder.synth_with(&["config", "fit"], b"", &[("SYNTH_SEED", "8")]).with(0).out();
    assert_eq!(setting(&fit, "seed"), ("8".to_owned(), "SYNTH_SEED".to_owned()));
    assert_eq!(setting(&fit, "n-iter"), ("9".to_owned(), "synth.toml".to_owned()));

    // What is drawn shows which seed was used.
    folder.fit_masked("m.synth");
    let drawn = |args: &[&str], variables: &[(&str, &str)]| {
        let args = [&["sample", "m.synth", "--rows", "20", "--out", "-"], args].concat();
        folder.synth_with(&args, b"", variables).with(0).stdout
    };
    let by_flag = |seed: &str| drawn(&["--seed", seed], &[("SYNTH_SEED", "1")]);
    assert_eq!(drawn(&[], &[]), by_flag("7"));
    assert_eq!(drawn(&[], &[("SYNTH_SEED", "8")]), by_flag("8"));
    assert_ne!(by_flag("7"), by_flag("8"));
}

#[test]
fn a_file_elsewhere_must_be_asked_for() {
    let folder = Folder::of_drawn_seeds();
    folder.write("own.toml", "seed = 3\n");
    let seed = |args: &[&str], variables: &[(&str, &str)]| {
        setting(&folder.synth_with(args, b"", variables).with(0).out(), "seed").0
    };
    assert_eq!(seed(&["config", "--config", "own.toml"], &[]), "3");
    assert_eq!(seed(&["--config=own.toml", "config"], &[]), "3");
    assert_eq!(seed(&["config"], &[("SYNTH_CONFIG", "own.toml")]), "3");
}

#[test]
fn a_wrong_setting_is_named_before_anything_is_read() {
    let folder = Folder::of_drawn_seeds();
    let fails = |text: &str, message: &str| {
        folder.write("synth.toml", text);
        folder.synth(&["run", DEMO, "--out", "out"]).fails(2, message);
        assert!(folder.names("out").is_empty());
    };
    fails("sead = 7", "synth.toml: no setting `sead`");
    fails("seed = \"x\"", "synth.toml: invalid value 'x' for '--seed");
    fails("max-attempts = 0", "synth.toml: invalid value '0' for '--max-attempts");
    fails("quiet = 3", "`quiet` must be true or false");
    fails("seed = 1979-05-27", "`seed` must be a string, a number, true or false");
    fails("[fit]\nrows = 3", "`synth fit` has no setting `rows`");
    fails("[fot]\nseed = 3", "`[fot]` is not a command");
    fails("seed =", "synth.toml: ");
    folder.synth(&["--config", "none.toml", "config"]).fails(2, "cannot read the settings in none.toml");
    let variables = [("SYNTH_SEED", "x"), ("SYNTH_CONFIG", "own.toml")];
    folder.write("own.toml", "");
    folder.synth_with(&["run", DEMO, "--out", "out"], b"", &variables).fails(2, "invalid value 'x' for '--seed");
}

#[test]
fn the_manual_and_the_completions_know_every_verb() {
    let folder = Folder::of_drawn_seeds();
    let help = folder.synth(&["--help"]).with(0).out();
    let verbs = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let verbs: Vec<&str> = verbs.filter_map(|line| line.split_whitespace().next()).filter(|&v| v != "help").collect();
    assert!(verbs.contains(&"run") && verbs.contains(&"man"));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = folder.synth(&["completions", shell]).with(0).out();
        assert!(verbs.iter().all(|verb| text.contains(verb)), "{shell}");
        assert!(text.contains("max-attempts"), "{shell}");
    }
    folder.synth(&["man", "--out", "man1"]).with(0);
    let mut pages: Vec<String> = verbs.iter().map(|verb| format!("synth-{verb}.1")).chain(["synth.1".into()]).collect();
    pages.sort();
    assert_eq!(folder.names("man1"), pages);
    let page = String::from_utf8(folder.read("man1/synth-run.1")).unwrap();
    assert!(page.starts_with(".ie") && page.contains("max\\-attempts") && page.contains("Example"));
    assert!(folder.synth(&["man"]).with(0).out().contains("SYNOPSIS"));
}

#[test]
fn settings_of_a_file_that_nobody_named_are_told() {
    let folder = Folder::new();
    folder.write("synth.toml", "max-attempts = 1\nn-iter = 9\n[run]\npolicy = \"research\"\n[fit]\nlr = 0.1\n");
    let said = |args: &[&str]| folder.synth(args).stderr;
    let run = ["run", DEMO, "--out", "out", "--engine", "copula", "--force"];
    let note = "note: settings from synth.toml: max-attempts, n-iter, policy\n";
    assert!(said(&run).contains(note), "{}", said(&run));
    assert!(said(&[&run[..], &["--policy", "hipaa"]].concat()).contains("synth.toml: max-attempts, n-iter\n"));
    for args in [&["--quiet"][..], &["--config", "synth.toml"]] {
        assert!(!said(&[&run[..], args].concat()).contains("settings from"), "{args:?}");
    }
    assert!(!said(&["inspect", "none"]).contains("settings from"));
}
