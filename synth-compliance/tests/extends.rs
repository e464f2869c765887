//! Policies that build on others: what they take over, what they change, and that it shows.

use std::collections::BTreeMap;

use synth_compliance::{Base, Class, Direction, Error, Inconclusive, Policy};

/// A policy among files that are there under their names.
fn read(name: &str, files: &[(&str, &str)]) -> Result<Policy, Error> {
    let files: BTreeMap<&str, &str> = files.iter().copied().collect();
    let find = |name: &str, _: &str| match files.get(name) {
        Some(toml) => Ok(Base { id: name.to_owned(), toml: (*toml).to_owned() }),
        None => Err("no such file".to_owned()),
    };
    Policy::from_toml_with_bases(find(name, "").unwrap(), find)
}

fn alone(toml: &str) -> Result<Policy, Error> {
    read("own.toml", &[("own.toml", toml)])
}

const HEAD: &str = "name = 'ours'\nversion = '3'\ntitle = 'our own'\n";

fn own(rest: &str) -> Result<Policy, Error> {
    alone(&format!("{HEAD}extends = 'hipaa'\n{rest}"))
}

fn shown(policy: &Policy) -> Vec<String> {
    policy.changes().iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_not_said_is_that_of_the_base() {
    let (policy, hipaa) = (own("").unwrap(), Policy::named("hipaa").unwrap());
    assert_eq!((policy.name(), policy.version(), policy.extends()), ("ours", "3", &["hipaa".to_owned()][..]));
    assert_eq!((policy.gates(), policy.min_rows()), (hipaa.gates(), hipaa.min_rows()));
    assert!(policy.changes().is_empty());
    assert_ne!(policy.sha256(), hipaa.sha256()); // of another name
    let written_out = Policy::from_toml(&policy.to_toml()).unwrap();
    assert_eq!(written_out.sha256(), policy.sha256());
    assert_eq!(Policy::recorded(&policy.to_toml(), &policy.sha256()).unwrap(), written_out);
    assert!(matches!(Policy::recorded(&policy.to_toml(), &hipaa.sha256()), Err(Error::Hash { .. })));
}

#[test]
fn every_difference_is_told_and_the_looser_ones_as_such() {
    let policy = own("min_rows = 50
         inconclusive = 'refuse'
         without = ['corr_delta', 'assoc_delta']
         [[gates]]
         measure = 'mia_auc'
         max = 0.7
         fail_above = 0.6
         source = 'a test'
         [[gates]]
         measure = 'ks_mean'
         max = 0.08
         class = 'soft'
         source = 'a test'
         [[gates]]
         measure = 'missing_delta'
         max = 0.1
         source = 'a test'")
    .unwrap();
    assert_eq!(
        shown(&policy),
        [
            "ours extends hipaa, loosened: min_rows, 100 -> 50",
            "ours extends hipaa, tightened: inconclusive, report -> refuse",
            "ours extends hipaa, tightened: max of ks_mean, 0.1 -> 0.08",
            "ours extends hipaa, loosened: class of ks_mean, mandatory -> soft",
            "ours extends hipaa, loosened: max of corr_delta, 0.1 -> none",
            "ours extends hipaa, loosened: max of assoc_delta, 0.1 -> none",
            "ours extends hipaa, loosened: max of mia_auc, 0.65 -> 0.7",
            "ours extends hipaa, loosened: fail_above of mia_auc, 0.55 -> 0.6",
            "ours extends hipaa, tightened: max of missing_delta, none -> 0.1",
        ],
    );
    let gate = |id: &str| policy.gates().iter().find(|g| g.measure == id).unwrap();
    let mia = gate("mia_auc");
    assert_eq!((mia.max, mia.fail_below, mia.class), (Some(0.7), Some(0.4), Class::Hard));
    assert!(mia.source.starts_with("a test; the rest as in `hipaa`: our choice"), "{}", mia.source);
    assert_eq!(gate("ks_mean").source, "a test");
    assert_eq!((policy.min_rows(), policy.inconclusive()), (50, Inconclusive::Refuse));
}

#[test]
fn a_lower_limit_is_loosened_downwards() {
    let gate =
        |limit: &str| own(&format!("[[gates]]\nmeasure = 'mia_auc'\nfail_below = {limit}\nsource = 'a test'")).unwrap();
    assert_eq!(gate("0.3").changes()[0].direction, Direction::Loosened);
    assert_eq!(gate("0.45").changes()[0].direction, Direction::Tightened);
    // A limit on one side alone goes by leaving the gate out and writing it anew.
    let without = own("without = ['mia_auc']\n[[gates]]\nmeasure = 'mia_auc'\nmax = 0.6\nsource = 'a test'").unwrap();
    assert_eq!(
        shown(&without),
        [
            "ours extends hipaa, tightened: max of mia_auc, 0.65 -> 0.6",
            "ours extends hipaa, loosened: fail_above of mia_auc, 0.55 -> none",
            "ours extends hipaa, loosened: fail_below of mia_auc, 0.4 -> none",
        ],
    );
}

#[test]
fn a_requirement_can_be_left_out_but_not_silently() {
    let text = format!("{HEAD}extends = 'clinical-strict'\nwithout = ['differential-privacy-proof']");
    let policy = alone(&text).unwrap();
    assert!(policy.requires().is_empty());
    assert_eq!(
        shown(&policy),
        ["ours extends clinical-strict, loosened: requires, differential-privacy-proof -> none"],
    );
    let added = own("requires = ['differential-privacy-proof']").unwrap();
    assert_eq!(added.changes()[0].direction, Direction::Tightened);
}

#[test]
fn chains_are_followed_to_their_end_and_show_every_step() {
    let files = [
        ("a.toml", "name = 'a'\nversion = '1'\ntitle = 'a'\nextends = 'b.toml'\nmin_rows = 80"),
        ("b.toml", "name = 'b'\nversion = '1'\ntitle = 'b'\nextends = 'research'\nmin_rows = 60"),
    ];
    let policy = read("a.toml", &files).unwrap();
    assert_eq!(policy.extends(), ["b", "research"]);
    assert_eq!(
        shown(&policy),
        ["b extends research, tightened: min_rows, 50 -> 60", "a extends b, tightened: min_rows, 60 -> 80"],
    );
    // A file that stands alone can be extended as well.
    let root =
        "name = 'r'\nversion = '1'\ntitle = 'r'\nmin_rows = 5\n[[gates]]\nmeasure = 'ks_mean'\nmax = 0.3\nsource = 's'";
    let policy = read("a.toml", &[("a.toml", files[0].1), ("b.toml", root)]).unwrap();
    assert_eq!((policy.gates().len(), policy.min_rows()), (1, 80));
}

#[test]
fn a_circle_is_an_error() {
    let file = |name: &str, base: &str| format!("name = '{name}'\nversion = '1'\ntitle = 't'\nextends = '{base}'");
    let (a, b, c) = (file("a", "b.toml"), file("b", "c.toml"), file("c", "b.toml"));
    let error = read("a.toml", &[("a.toml", &a), ("b.toml", &b), ("c.toml", &c)]).unwrap_err();
    assert!(matches!(&error, Error::Cycle { name } if name == "b.toml"), "{error:?}");
    let own = file("a", "a.toml");
    assert!(matches!(read("a.toml", &[("a.toml", &own)]), Err(Error::Cycle { .. })));
}

#[test]
fn a_faulty_chain_is_an_error() {
    let check = |rest: &str, expected: &str| {
        let error = own(rest).unwrap_err();
        assert!(format!("{error:?}").starts_with(expected), "{error:?} is not {expected}");
    };
    check("without = ['nothing']", "NothingToLeaveOut");
    check("without = ['mia_max_auc']", "NothingToLeaveOut");
    check("without = ['ks_mean']", "StandsInForNone"); // tvd_mean stands in for it
    check("[[gates]]\nmeasure = 'mia_auc'\nsource = ''", "NoSource");
    check("[[gates]]\nmeasure = 'mia_auc'\nmax = 2.0\nsource = 's'", "LimitOutOfRange");
    check("[[gates]]\nmeasure = 'mia_auc'\nmaximum = 0.5\nsource = 's'", "Toml");
    check("[[gates]]\nmeasure = 'nothing'\nmax = 0.5\nsource = 's'", "UnknownMeasure");
    let twice = "[[gates]]\nmeasure = 'mia_auc'\nmax = 0.6\nsource = 's'\n";
    check(&twice.repeat(2), "GateTwice");
    let error = alone(&format!("{HEAD}extends = 'hippa'")).unwrap_err();
    assert!(matches!(&error, Error::NoBase { name, .. } if name == "hippa"), "{error:?}");
    let error = alone("name = 'hipaa'\nversion = '1'\ntitle = 't'\nextends = 'hipaa'\nmin_rows = 5").unwrap_err();
    assert!(matches!(error, Error::NameTaken { .. }), "{error:?}");
    let base = format!("{HEAD}min_rows = 5"); // no gates
    let own = format!("{HEAD}extends = 'base.toml'");
    let error = read("own.toml", &[("own.toml", &own), ("base.toml", &base)]).unwrap_err();
    assert!(
        matches!(&error, Error::InBase { name, source } if name == "base.toml" && matches!(**source, Error::NoGates))
    );
}
