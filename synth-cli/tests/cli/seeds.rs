//! Seeds are secrets: drawn where none is given, and in no file that may leave.

use synth_core::Seed;
use synth_optimizer::attempt_seed;

use crate::support::{Folder, SHORT_MASKED, plain};

const COPULA: [&str; 4] = ["--engine", "copula", "--policy", "any.toml"];

/// A policy that accepts whatever is not worse than noise, so that there is a table to look at.
const POLICY: &str = "name = 'any'\nversion = '1'\ntitle = 't'\nmin_rows = 20\n[[gates]]\nmeasure = 'ks_mean'\nmax = 0.9\n\
                      class = 'mandatory'\nsource = 'a test'\n[protection.extremes]\nk = 5\nsource = 'a test'\n";

/// Every spelling of the seed and of those of its attempts and fits.
fn spellings(seed: &Seed) -> Vec<String> {
    let of_attempts = (1..=8).map(|number| attempt_seed(seed.number(), number));
    let numbers: Vec<u64> = of_attempts
        .flat_map(|own| (1..=6).map(move |fit| attempt_seed(own, fit)).chain([own]))
        .chain([seed.number()])
        .collect();
    let both = numbers.iter().flat_map(|number| [number.to_string(), format!("{number:x}")]);
    both.chain([seed.revealed()]).collect()
}

/// The seed that a model was fitted with.
fn seed_of(folder: &Folder, model: &str) -> Seed {
    let shown = folder.synth(&["inspect", model, "--json", "--show-seed"]).with(0).json();
    shown["about"]["seed"]["value"].as_str().unwrap().parse().unwrap()
}

/// Runs, and makes sure that neither what is said nor any file but the model tells the seed. Gives the seed.
fn run(folder: &Folder, input: &str, out: &str, args: &[&str]) -> Seed {
    let said = folder.synth(&[&["run", input, "--out", out], &COPULA[..], args].concat()).with(0);
    let seed = seed_of(folder, &format!("{out}/model.synth"));
    let mut files = folder.files(out);
    files.retain(|(name, _)| name != "model.synth");
    files.extend([("stdout".to_owned(), said.stdout), ("stderr".to_owned(), said.stderr.into_bytes())]);
    assert!(files.len() >= 9, "{}", files.len());
    for spelling in spellings(&seed) {
        for (name, content) in &files {
            let text = String::from_utf8_lossy(content);
            assert!(!text.contains(&spelling), "{name} tells the seed or one that follows from it");
        }
    }
    seed
}

#[test]
fn a_guess_is_not_confirmed_by_running_the_program() {
    let folder = Folder::of_drawn_seeds();
    folder.write("in.csv", plain(150));
    folder.write("any.toml", POLICY);
    run(&folder, "in.csv", "out", &[]);
    let released = folder.read("out/synthetic.csv");
    run(&folder, "in.csv", "given", &["--seed", "7206491853027364918"]);
    let given = folder.read("given/synthetic.csv");
    // All rows are known, and of one cell there are two candidates, one of them the truth.
    let text = plain(150);
    let mut confirmed = Vec::new();
    for (candidate, sex) in [("guess", "m"), ("other", "f")] {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let cells: Vec<&str> = lines[42].split(',').collect();
        lines[42] = format!("{},{sex},{}", cells[0], cells[2]);
        folder.write("guess.csv", lines.join("\n") + "\n");
        run(&folder, "guess.csv", candidate, &["--log", "json", "--json"]);
        assert!(folder.read(&format!("{candidate}/synthetic.csv")) != released, "{candidate} is confirmed");
        // With the seed the test finds it out: that is what a given seed costs.
        run(&folder, "guess.csv", candidate, &["--seed", "7206491853027364918", "--force"]);
        confirmed.extend((folder.read(&format!("{candidate}/synthetic.csv")) == given).then_some(sex));
    }
    assert_eq!(confirmed, [text.lines().nth(42).unwrap().split(',').nth(1).unwrap()]);
}

#[test]
fn the_owner_repeats_a_run_with_the_seed_of_its_model() {
    let folder = Folder::of_drawn_seeds();
    folder.write("in.csv", plain(150));
    folder.write("any.toml", POLICY);
    let seed = run(&folder, "in.csv", "out", &[]);
    let again = run(&folder, "in.csv", "again", &["--seed", &seed.revealed()]);
    assert_eq!(again.number(), seed.number());
    assert!(folder.read("again/synthetic.csv") == folder.read("out/synthetic.csv"), "the rows differ");
    // How the seed came about is told, and not that seed.
    let inspected = folder.synth(&["inspect", "out/model.synth"]).with(0).out();
    assert!(inspected.contains("seed drawn from the operating system"), "{inspected}");
    assert!(!inspected.contains(&seed.revealed()));
    let json = folder.synth(&["inspect", "out/model.synth", "--json"]).with(0).json();
    assert_eq!(json["about"]["seed"], serde_json::json!({ "origin": "drawn" }));
    #[cfg(unix)]
    assert!(folder.is_private("out/model.synth"));
}

#[test]
fn a_given_seed_is_not_told_and_its_cost_is() {
    let folder = Folder::of_drawn_seeds();
    folder.write("in.csv", plain(150));
    folder.write("any.toml", POLICY);
    let given = "7206491853027364918";
    assert_eq!(run(&folder, "in.csv", "out", &["--seed", given]).revealed(), given);
    let cost = "whoever knows it and all rows but one can test a guess of that one";
    for name in ["report.json", "report.html", "MODEL_CARD.md"] {
        let text = String::from_utf8(folder.read(&format!("out/{name}"))).unwrap();
        assert!(text.contains(cost), "{name}");
    }
    let drawn = folder.synth(&[&["run", "in.csv", "--out", "drawn"], &COPULA[..]].concat()).with(0).out();
    assert!(!drawn.contains(cost), "{drawn}");
    folder.synth(&["verify", "out"]).with(0);
}

#[test]
fn fits_and_samples_draw_too() {
    let folder = Folder::of_drawn_seeds();
    folder.write("in.csv", plain(150));
    folder.write("any.toml", POLICY);
    for model in ["a", "b"] {
        folder.synth(&[&["fit", "in.csv", "--model", model], &SHORT_MASKED[..]].concat()).with(0);
    }
    assert_ne!(seed_of(&folder, "a"), seed_of(&folder, "b"));
    let sample = |args: &[&str]| folder.synth(&[&["sample", "a", "--rows", "50", "--out", "-"], args].concat()).with(0);
    assert_ne!(sample(&[]).out(), sample(&[]).out());
    assert_eq!(sample(&["--seed", "3"]).out(), sample(&["--seed", "3"]).out());
}
