//! Numbers as people read them: limits as a policy writes them, and values so that the comparison can be seen.

/// A limit, exactly: with two decimals or as many more as it has; a whole number from 2 on has none.
pub(crate) fn limit(x: f64) -> String {
    match n_decimals(x) {
        0 if x.abs() >= 2.0 => x.to_string(),
        0..2 => format!("{x:.2}"),
        _ => x.to_string(),
    }
}

/// Limits in signs: `≤ 0.10`, `≥ 100`, `0.40 to 0.60`; nothing if there is none.
pub(crate) fn limits(min: Option<f64>, max: Option<f64>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("{} to {}", limit(min), limit(max)),
        (Some(min), None) => format!("≥ {}", limit(min)),
        (None, Some(max)) => format!("≤ {}", limit(max)),
        (None, None) => String::new(),
    }
}

/// Limits that have to be shown to be kept, and those that have to be shown to be broken, each from below and from above:
/// `0.35 to 0.65, fails > 0.55`.
pub(crate) fn all_limits([min, max]: [Option<f64>; 2], [fail_below, fail_above]: [Option<f64>; 2]) -> String {
    let fails = match (fail_below, fail_above) {
        (Some(below), Some(above)) => format!("fails < {} or > {}", limit(below), limit(above)),
        (Some(below), None) => format!("fails < {}", limit(below)),
        (None, Some(above)) => format!("fails > {}", limit(above)),
        (None, None) => String::new(),
    };
    let parts = [limits(min, max), fails];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// A value beside the limit that it is held against: three decimals, or as many more as show on which side of the limit
/// it lies, and one more than the limit has. Whole numbers beside a whole limit have none.
pub(crate) fn value(x: f64, limit: Option<f64>) -> String {
    let Some(limit) = limit else { return rounded(x, 3) };
    if n_decimals(limit) == 0 && limit.abs() >= 2.0 && x.fract() == 0.0 {
        return format!("{x:.0}");
    }
    let least = (n_decimals(limit) + 1).max(3);
    let is_on_its_side = |n: &usize| {
        let shown: f64 = rounded(x, *n).parse().expect("a formatted number");
        x == limit || shown != limit
    };
    rounded(x, (least..17).find(is_on_its_side).unwrap_or(17))
}

/// Decimals of the shortest text that reads back equal.
fn n_decimals(x: f64) -> usize {
    x.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len())
}

/// With so many decimals, and no minus before nothing.
fn rounded(x: f64, n: usize) -> String {
    let text = format!("{x:.n$}");
    match text.strip_prefix('-') {
        Some(nothing) if nothing.bytes().all(|b| matches!(b, b'0' | b'.')) => nothing.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_shown_as_it_is() {
        let check = |x: f64, expected: &str| {
            assert_eq!(limit(x), expected);
            assert_eq!(limit(x).parse::<f64>().unwrap(), x);
        };
        check(0.1, "0.10");
        check(0.005, "0.005");
        check(0.125, "0.125");
        check(0.0, "0.00");
        check(1.0, "1.00");
        check(-0.5, "-0.50");
        check(11.0, "11");
        check(1e-7, "0.0000001");
        check(1.0 / 3.0, "0.3333333333333333");
        assert_eq!(limits(Some(0.4), Some(0.6)), "0.40 to 0.60");
        assert_eq!(limits(None, Some(0.005)), "≤ 0.005");
        assert_eq!(limits(Some(100.0), None), "≥ 100");
        assert_eq!(limits(None, None), "");
        assert_eq!(all_limits([None, Some(0.6)], [None, Some(0.55)]), "≤ 0.60, fails > 0.55");
        assert_eq!(all_limits([None, None], [Some(0.4), Some(0.6)]), "fails < 0.40 or > 0.60");
        assert_eq!(all_limits([None, Some(0.05)], [Some(-0.2), None]), "≤ 0.05, fails < -0.20");
    }

    #[test]
    fn a_value_is_shown_on_its_side_of_the_limit() {
        let check = |x: f64, limit: f64, expected: &str| assert_eq!(value(x, Some(limit)), expected);
        check(0.143, 0.1, "0.143");
        check(0.1, 0.1, "0.100");
        check(0.100_002, 0.1, "0.100002");
        check(0.0996, 0.1, "0.0996");
        check(0.004_96, 0.005, "0.00496");
        check(0.0004, 0.005, "0.0004");
        check(-0.0001, 0.05, "0.000");
        check(-0.012, 0.05, "-0.012");
        check(0.1 + f64::EPSILON, 0.1, "0.1000000000000002");
        check(12.0, 11.0, "12");
        check(10.5, 11.0, "10.500");
        assert_eq!(value(0.25, None), "0.250");
    }
}
