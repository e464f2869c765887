//! What is printed for people: help that fits a screen, tables that can be piped.

use crate::support::{DEMO, Folder};

#[test]
fn help_fits_a_screen_and_has_an_example() {
    let folder = Folder::new();
    for verb in [
        "",
        "run",
        "plan",
        "fit",
        "sample",
        "impute",
        "score",
        "evaluate",
        "audit",
        "verify",
        "judge",
        "profile",
        "inspect",
        "quality-test",
        "config",
        "completions",
        "man",
    ] {
        let help = |flag: &str, most: usize| {
            let args: Vec<&str> = [verb, flag].into_iter().filter(|arg| !arg.is_empty()).collect();
            let help = folder.synth(&args).with(0).out();
            assert!(help.lines().count() <= most, "{verb} {flag}: {} lines", help.lines().count());
            assert!(help.contains(&format!("Example:\n  synth {verb}")), "{verb}: {help}");
            assert!(help.contains("--json"), "{verb}: {help}");
            help
        };
        // That of the program lists the verbs and the exit codes.
        let short = help("-h", if verb.is_empty() { 41 } else { 36 });
        // The long help of `evaluate` lists the measures too.
        let long = if verb == "evaluate" { help("--help", usize::MAX) } else { help("--help", 56) };
        // All verbs have flags that only the long one shows; the short one says that there are more.
        assert!(long.contains("--config") && !short.contains("--config"), "{verb}: {short}");
        assert!(short.contains("see more with '--help'"), "{verb}: {short}");
    }
    assert!(folder.synth(&["--version"]).with(0).out().starts_with("synth "));
    assert!(folder.synth(&[]).with(2).stderr.contains("Usage: synth"));
}

#[test]
fn the_help_of_evaluate_names_every_measure_with_its_source() {
    let help = Folder::new().synth(&["evaluate", "--help"]).with(0).out();
    let spaced = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let help = spaced(&help);
    for measure in synth_metrics::MEASURES {
        let line = format!("{}: {}. {}", measure.id, measure.name, measure.source);
        assert!(help.contains(&spaced(&line)), "{} is not in the help", measure.id);
    }
}

#[test]
fn the_program_introduces_itself() {
    let help = Folder::new().synth(&["--help"]).with(0).out();
    insta::assert_snapshot!(help.split("Commands:").next().unwrap(), @r"
    Generate synthetic tables from private ones, and measure and judge their privacy and fidelity

    Usage: synth [OPTIONS] <COMMAND>
    ");
}

#[test]
fn each_verb_says_what_it_does() {
    let help = Folder::new().synth(&["--help"]).with(0).out();
    let verbs = &help[help.find("Commands:").unwrap()..];
    insta::assert_snapshot!(verbs.split("\n\n").next().unwrap(), @r"
    Commands:
      run           Generate, measure and judge synthetic tables until one is accepted
      plan          Preview a run: its first attempt, and the rules for further ones
      fit           Fit a generator to a table
      sample        Sample rows from a fitted generator
      impute        Fill in the missing cells of a table, leaving all others unchanged
      score         Score each row's likelihood under a model (sensitive: reveals information about real rows)
      evaluate      Measure the fidelity, utility and privacy of a synthetic table; --help lists every measure
      audit         Audit a generator: can the most exposed units be told to be in its table?
      verify        Verify that the results of a run are unmodified
      judge         Judge a report against a policy
      profile       Infer a table's schema, as TOML, and detect its sensitive columns
      inspect       Show what a model file contains and what it reveals
      quality-test  Test every component, then a complete run, and report what works
      config        Show the settings of a command and where each comes from
      completions   Generate shell completions
      man           Print the manual page, or write one for every command
      help          Print this message or the help of the given subcommand(s)
    ");
}

#[test]
fn options_of_the_masked_engine_are_explained() {
    let folder = Folder::new();
    let end_of = |verb: &str, from: &str| {
        let help = folder.synth(&[verb, "--help"]).with(0).out();
        help[help.find(from).unwrap_or_else(|| panic!("{from} is not in {help}"))..].to_owned()
    };
    insta::assert_snapshot!(end_of("sample", "Example:"), @r"
    Example:
      synth sample patients.synth --rows 1000 --out synthetic.csv
      synth sample patients.synth --rows 1000 --where 'age>=60' --where 'stage=I|II' --balance sex --out old.csv

    Conditions:
      sex=F  stage=I|II  sex!=F  age>=60  age>60  age<=60  age<60
      Put a name that contains an operator, and a value that contains a `|`, in double quotes.
    ");
    insta::assert_snapshot!(end_of("impute", "Example:"), @r"
    Example:
      synth impute patients.csv --out completed.csv

    Identifiers and free text stay missing. The output contains the real rows of INPUT: it is not a synthetic table.
    ");
    insta::assert_snapshot!(end_of("score", "Example:"), @r"
    Example:
      synth score patients.synth patients.csv --out scores.csv

    A high score may reveal that a row was in the training table: share scores no more widely than the table itself. The
    output file is readable by its owner only.
    ");
    let engines = end_of("fit", "--engine");
    let said = "Generator: masked, tabddpm, trees or copula; `auto` chooses and may switch [default: auto]";
    assert!(engines.lines().next().unwrap().ends_with(said), "{engines}");
}

#[test]
fn results_are_readable_when_piped() {
    let folder = Folder::new();
    let run = ["run", "--demo", "--engine", "copula", "--out", "out", "--policy", "hipaa"];
    for variables in [&[][..], &[("NO_COLOR", "1")], &[("CLICOLOR_FORCE", "0"), ("TERM", "dumb")]] {
        let ended = folder.synth_with(&[&run[..], &["--force"]].concat(), b"", variables).with(0);
        assert!(!ended.out().contains('\u{1b}'), "{}", ended.out());
        assert!(ended.stderr.lines().all(|line| line.starts_with("note: policy hipaa 2, ")), "{}", ended.stderr);
    }
    let out = folder.synth(&["judge", "out/report.json", "--policy", "hipaa"]).with(0).out();
    // The numbers move with the generator, and the bound, the mark and the widths with them; the form does not.
    let form =
        |line: &str| line.replace(|c: char| c.is_ascii_digit(), "0").replace("(> ", "(< ").replace(['✓', '?'], "·");
    let rows = out.lines().filter(|line| line.starts_with('│')).take(7).map(form);
    let form: String = rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect();
    insta::assert_snapshot!(form, @r"
    │ check limit value │
    │ rows ≥ 000 000 · │
    │ ks_mean ≤ 0.00 0.000 · │
    │ corr_delta ≤ 0.00 0.000 · │
    │ tvd_mean ≤ 0.00 0.000 · │
    │ assoc_delta ≤ 0.00 0.000 · │
    │ mia_auc ≤ 0.00, fails < 0.00 or > 0.00 0.000 (< 0.000) · │
    ");
    assert!(out.contains("686 ✓"), "{out}");
}

#[test]
fn usage_errors_say_what_is_allowed() {
    let folder = Folder::new();
    let message = |args: &[&str]| {
        let ended = folder.synth(&[&["run", DEMO, "--out", "out"], args].concat()).with(2);
        assert!(ended.stdout.is_empty() && !folder.path("out").exists());
        ended.stderr.lines().next().unwrap_or_default().to_owned()
    };
    let messages: Vec<String> = [
        &["--n-iter", "-1"][..],
        &["--n-iter", "0"],
        &["--batch-size", "0"],
        &["--lr", "NaN"],
        &["--lr", "-1"],
        &["--dropout", "2"],
        &["--hidden", "0"],
        &["--hidden", "4000000000,4000000000"],
        &["--n-timesteps", "4000000000"],
        &["--rows", "0"],
        &["--rows", "many"],
        &["--max-attempts", "0"],
        &["--threads", "0"],
        &["--seed", "36893488147419103232"],
        &["--threads", "65535"],
        &["--time-budget", "soon"],
        &["--engine", "gan"],
        &["--policy", "hippa"],
        &["--epsilon", "1"],
    ]
    .into_iter()
    .map(message)
    .collect();
    insta::assert_snapshot!(messages.join("\n"), @r"
    error: invalid value '-1' for '--n-iter <N>': invalid digit found in string
    error: --n-iter must be at least 1, got 0
    error: --batch-size must be at least 1, got 0
    error: --lr must be positive and finite, got NaN
    error: --lr must be positive and finite, got -1
    error: --dropout must be in [0, 1), got 2
    error: --hidden must be one or more widths in [1, 8192], got [0]
    error: --hidden must be one or more widths in [1, 8192], got [4000000000, 4000000000]
    error: --n-timesteps must be in [2, 10000], got 4000000000
    error: invalid value '0' for '--rows <N>': 0 is not in 2..18446744073709551615
    error: invalid value 'many' for '--rows <N>': invalid digit found in string
    error: invalid value '0' for '--max-attempts <N>': 0 is not in 1..18446744073709551615
    error: invalid value '0' for '--threads <N>': 0 is not in 1..=1024
    error: invalid value '36893488147419103232' for '--seed <N>': expected a whole number below 2^64, or 64 hexadecimal digits
    error: invalid value '65535' for '--threads <N>': 65535 is not in 1..=1024
    error: invalid value 'soon' for '--time-budget <TIME>': expected number at 0
    error: invalid value 'gan' for '--engine <NAME>'
    error: no policy `hippa`; available: hipaa, gdpr, clinical-strict, research
    error: unexpected argument '--epsilon' found
    ");
}
