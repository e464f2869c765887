//! Text that comes from outside, as people may be shown it: names of columns, levels and files can hold what a terminal or a
//! page would follow instead of showing it.

/// Text without characters that hide, reorder or break what stands around them: those are spelled out, an escape as `\\u{1b}`.
///
/// ```
/// assert_eq!(synth_optimizer::dossier::shown::shown("a\u{1b}[31mb\n"), "a\\u{1b}[31mb\\u{a}");
/// ```
pub fn shown(text: &str) -> String {
    let hides = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().flat_map(|c| if hides(c) { c.escape_unicode().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_hide_is_spelled_out() {
        assert_eq!(shown("a\u{202e}b\n"), "a\\u{202e}b\\u{a}");
        assert_eq!(shown("größe <&>"), "größe <&>");
    }
}
