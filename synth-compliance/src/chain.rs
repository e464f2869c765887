//! A log in which nothing can be changed, taken out or put in unseen: JSON lines as a hash chain.
//!
//! Line *i* holds an entry, its number and h_i = SHA-256(h_{i−1} ‖ e_i), with e_i the [canonical form](crate::canonical) of entry
//! and number (RFC 8785, of `{"entry": …, "line": i}`), h_0 32 zero bytes, and the whole line in canonical form too: one byte more, less or other anywhere is
//! found, and the first line that does not follow is named. The keys of a line are in the order `entry`, `hash`, `line`, so
//! that e_i is the line without its hash: whoever has SHA-256 can check it. The last hash, the [head](Chain::head), stands for the
//! whole log.
//!
//! What a chain cannot show is that somebody wrote it anew from a line on to its end, with all hashes: only a head that
//! was kept elsewhere shows that. Nor does it see lines taken off the end; its user gives it a last entry of its own.
//! Left out on purpose: signatures and time stamps, which need keys and clocks.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::digest::{jcs, recordable};

/// An append-only hash chain: the log of a run.
///
/// ```
/// use synth_compliance::chain::{Chain, read};
///
/// let mut chain = Chain::new();
/// chain.push(&"read the table");
/// chain.push(&"judged it");
/// let (entries, head) = read(chain.text())?;
/// assert_eq!((entries.len(), head.as_str()), (2, chain.head()));
///
/// let forged = chain.text().replace("read", "made");
/// assert_eq!(read(&forged).unwrap_err().line, 1);
/// # Ok::<(), synth_compliance::chain::Broken>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    text: String,
    head: String,
    n_lines: u64,
}

impl Default for Chain {
    fn default() -> Self {
        Chain { text: String::new(), head: hex::encode([0; 32]), n_lines: 0 }
    }
}

impl Chain {
    /// An empty log.
    pub fn new() -> Chain {
        Chain::default()
    }

    /// Adds an entry.
    ///
    /// # Panics
    /// If `entry` is no JSON, as [`canonical`](crate::canonical).
    pub fn push(&mut self, entry: &impl Serialize) {
        self.n_lines += 1;
        let (line, hash) = link(&self.head, self.n_lines, recordable(entry));
        self.text.push_str(&line);
        self.text.push('\n');
        self.head = hash;
    }

    /// The last line's hash, in hexadecimal; zeros before the first line.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The lines, each with its end.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The first line at which a log is broken, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Broken {
    /// The first line that is wrong, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    entry: Value,
    hash: String,
    line: u64,
}

/// Verifies a log line by line, and returns its entries and its head. An empty text is a log without entries.
///
/// # Errors
/// [`Broken`] with the first line that is no entry, has another number, does not follow from the lines before, is not in
/// canonical form, or has no end.
pub fn read(text: &str) -> Result<(Vec<Value>, String), Broken> {
    let mut chain = Chain::new();
    let mut entries = Vec::new();
    for (i, line) in text.split_inclusive('\n').enumerate() {
        let broken = |problem| Broken { line: i + 1, problem };
        let Some(content) = line.strip_suffix('\n') else { return Err(broken("it is incomplete")) };
        let Ok(Line { entry, hash, line: number }) = serde_json::from_str(content) else {
            return Err(broken("not a valid entry"));
        };
        if number != i as u64 + 1 {
            return Err(broken("wrong line number: lines were moved, removed or inserted"));
        }
        let (expected, expected_hash) = link(chain.head(), number, entry.clone());
        if hash != expected_hash {
            return Err(broken("hash mismatch: this line or one before it was modified"));
        }
        if content != expected {
            return Err(broken("not in canonical form"));
        }
        (chain.head, chain.n_lines) = (expected_hash, number);
        entries.push(entry);
    }
    Ok((entries, chain.head))
}

/// The line for an entry after `head`, and its hash.
fn link(head: &str, number: u64, entry: Value) -> (String, String) {
    let mut content = serde_json::json!({ "entry": entry, "line": number });
    let mut hasher = Sha256::new();
    hasher.update(hex::decode(head).expect("a head is hexadecimal"));
    hasher.update(jcs(&content));
    let hash = hex::encode(hasher.finalize());
    content["hash"] = Value::String(hash.clone());
    (jcs(&content), hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> Chain {
        let mut chain = Chain::new();
        for i in 0..5 {
            chain.push(&serde_json::json!({ "step": i, "value": 0.1 * f64::from(i), "why": "ä test" }));
        }
        chain
    }

    #[test]
    fn any_byte_changed_is_found_in_its_line() {
        let chain = chain();
        let bytes = chain.text().as_bytes();
        for place in 0..bytes.len() {
            let line = 1 + bytes[..place].iter().filter(|&&b| b == b'\n').count();
            for flip in [1, 2, 32] {
                let mut forged = bytes.to_vec();
                forged[place] ^= flip;
                // What is no text at all is refused before it is read.
                let Ok(forged) = String::from_utf8(forged) else { continue };
                assert_eq!(read(&forged).unwrap_err().line, line, "byte {place} ^ {flip}");
            }
        }
    }

    #[test]
    fn lines_moved_taken_out_put_in_or_respelled_are_found() {
        let chain = chain();
        let lines: Vec<&str> = chain.text().split_inclusive('\n').collect();
        let check = |lines: Vec<&str>, line: usize| assert_eq!(read(&lines.concat()).unwrap_err().line, line);
        let [a, b, c, d, e] = lines[..] else { panic!("five lines") };
        check(vec![a, c, b, d, e], 2);
        check(vec![b, c, d, e], 1);
        check(vec![a, b, d, e], 3);
        check(vec![a, b, c, d, e, e], 6);
        check(vec![a, b, "\n", c, d, e], 3);
        check(vec![a, b, c, d, &e[..e.len() - 1]], 5);
        let blank = b.replace("\":", "\": ");
        check(vec![a, &blank, c, d, e], 2);
        let twice = b.replacen('{', "{\"line\":2,", 1);
        check(vec![a, &twice, c, d, e], 2);
        // At the end the chain sees nothing, but the head is another one.
        let (entries, head) = read(&[a, b, c].concat()).unwrap();
        assert_eq!(entries.len(), 3);
        assert_ne!(head, chain.head());
        assert_eq!(read("").unwrap(), (Vec::new(), "0".repeat(64)));
    }

    #[test]
    fn a_chain_is_the_same_for_the_same_entries_in_any_order_of_keys() {
        let mut other = Chain::new();
        for i in 0..5 {
            other.push(&serde_json::json!({ "why": "ä test", "value": 0.1 * f64::from(i), "step": i }));
        }
        assert_eq!(chain(), other);
    }
}
