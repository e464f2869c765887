//! One spelling and one digest for everything that is written down to be checked later.
//!
//! A value's canonical form is its JSON as RFC 8785 (JCS) has it, so that any language can make it again. Its numbers are
//! doubles; whole numbers beyond 2^53 - 1, which are none, stand as text. A digest is SHA-256 of bytes, in 64 lower-case hexadecimal digits. The source table never gets one:
//! a plain hash of a small table tells whoever guesses it right that he did. It gets an HMAC (RFC 2104, FIPS 198-1), which
//! only the holder of a [`Key`] can make or check.
//!
//! Left out on purpose: signatures.

use std::fmt;
use std::io::Read;

use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// SHA-256 of `bytes`, in hexadecimal.
///
/// ```
/// assert!(synth_compliance::sha256(b"").starts_with("e3b0c44298fc1c14"));   // FIPS 180-4, the empty message
/// ```
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The same of all that a reader gives, of which little is in memory at a time.
///
/// # Errors
/// Those of the reader.
pub fn sha256_of(mut reader: impl Read) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    each_block(&mut reader, |block| hasher.update(block))?;
    Ok(hex::encode(hasher.finalize()))
}

fn each_block(reader: &mut dyn Read, mut take: impl FnMut(&[u8])) -> std::io::Result<()> {
    let mut block = vec![0; 1 << 16];
    loop {
        match reader.read(&mut block)? {
            0 => return Ok(()),
            n => take(&block[..n]),
        }
    }
}

/// The canonical form of a value: RFC 8785, with whole numbers beyond 2^53 - 1 as text.
///
/// ```
/// assert_eq!(synth_compliance::canonical(&[1.0, 1e21, 0.000_001]), "[1,1e+21,0.000001]");
/// assert_eq!(synth_compliance::canonical(&u64::MAX), "\"18446744073709551615\"");
/// ```
///
/// # Panics
/// If `value` is no JSON: a map whose keys are no text. What is not a finite number becomes `null`.
pub fn canonical(value: &impl Serialize) -> String {
    jcs(&recordable(value))
}

/// A value as JSON whose numbers every language can hold.
///
/// # Panics
/// As [`canonical`].
pub(crate) fn recordable(value: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(value).expect("values that are recorded have text for keys");
    spell_out(&mut value);
    value
}

/// RFC 8785 of JSON as it is: what is no double becomes the nearest.
pub(crate) fn jcs(value: &Value) -> String {
    serde_json_canonicalizer::to_string(value).expect("JSON in memory has text for keys and finite numbers")
}

/// The largest whole number up to which all are doubles.
const MOST_EXACT: u64 = (1 << 53) - 1;

fn spell_out(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let size = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            if size.is_some_and(|size| size > MOST_EXACT) {
                *value = Value::String(number.to_string());
            }
        }
        Value::Array(values) => values.iter_mut().for_each(spell_out),
        Value::Object(members) => members.values_mut().for_each(spell_out),
        Value::Null | Value::Bool(_) | Value::String(_) => (),
    }
}

/// The fewest bytes of a key.
pub const KEY_BYTES: usize = 16;

/// A secret that only its owner has. `Debug` does not show it, and nothing writes it.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Key {
    /// A key of these bytes; `None` if they are fewer than [`KEY_BYTES`].
    pub fn new(bytes: Vec<u8>) -> Option<Key> {
        (bytes.len() >= KEY_BYTES).then_some(Key(bytes))
    }

    /// The HMAC-SHA-256 of `bytes` under this key, in hexadecimal.
    pub fn mac(&self, bytes: &[u8]) -> String {
        hex::encode(self.over(bytes).finalize().into_bytes())
    }

    /// The same of all that a reader gives, of which little is in memory at a time.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn mac_of(&self, mut reader: impl Read) -> std::io::Result<String> {
        Ok(hex::encode(self.over_all(&mut reader)?.finalize().into_bytes()))
    }

    /// Whether `mac` is that of all that a reader gives, as [`Key::confirms`].
    ///
    /// # Errors
    /// Those of the reader.
    pub fn confirms_of(&self, mut reader: impl Read, mac: &str) -> std::io::Result<bool> {
        let over = self.over_all(&mut reader)?;
        Ok(hex::decode(mac).is_ok_and(|mac| over.verify_slice(&mac).is_ok()))
    }

    /// Whether `mac` is the HMAC of `bytes` under this key, compared in constant time.
    pub fn confirms(&self, bytes: &[u8], mac: &str) -> bool {
        hex::decode(mac).is_ok_and(|mac| self.over(bytes).verify_slice(&mac).is_ok())
    }

    fn over_all(&self, reader: &mut dyn Read) -> std::io::Result<Hmac<Sha256>> {
        let mut mac = self.over(&[]);
        each_block(reader, |block| mac.update(block))?;
        Ok(mac)
    }

    fn over(&self, bytes: &[u8]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0).expect("an HMAC takes a key of any length");
        mac.update(bytes);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_has_the_digest_of_its_bytes() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
        assert_eq!(sha256_of(&bytes[..]).unwrap(), sha256(&bytes));
    }

    #[test]
    fn the_mac_is_that_of_rfc_4231() {
        // Test case 1: twenty bytes 0x0b, "Hi There".
        let key = Key::new(vec![0x0b; 20]).unwrap();
        let mac = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(key.mac(b"Hi There"), mac);
        assert_eq!(key.mac_of(&b"Hi There"[..]).unwrap(), mac);
        assert!(key.confirms_of(&b"Hi There"[..], mac).unwrap() && !key.confirms_of(&b"Hi"[..], mac).unwrap());
        assert!(key.confirms(b"Hi There", mac) && !key.confirms(b"Hi there", mac) && !key.confirms(b"Hi There", "b0"));
        assert!(!Key::new(vec![0x0c; 20]).unwrap().confirms(b"Hi There", mac));
        assert!(Key::new(vec![1; KEY_BYTES - 1]).is_none());
        assert_eq!(format!("{key:?}"), "Key(..)");
    }

    #[test]
    fn the_canonical_form_does_not_depend_on_the_order_of_keys() {
        let value = |text: &str| canonical(&serde_json::from_str::<serde_json::Value>(text).unwrap());
        assert_eq!(
            value(r#"{"b": [1, {"d": 0.1, "c": 1e300}], "a": null}"#),
            r#"{"a":null,"b":[1,{"c":1e+300,"d":0.1}]}"#
        );
        assert_eq!(value("0.1000000000000000055511151231257827"), "0.1");
    }

    #[test]
    fn the_canonical_form_is_that_of_rfc_8785() {
        // Sections 3.2.2 and 3.2.3, and rows of appendix B.
        let value = |text: &str| canonical(&serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(
            value(
                r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#
            ),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
             \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
        let sorted = value("{\"\u{20ac}\":1,\"\\r\":2,\"\u{fb33}\":3,\"1\":4,\"\u{1f600}\":5,\"\u{80}\":6,\"ö\":7}");
        let order: Vec<&str> = sorted.split(':').skip(1).map(|after| &after[..1]).collect();
        assert_eq!(order, ["2", "4", "6", "7", "1", "5", "3"]);
        let number = |bits: u64| canonical(&f64::from_bits(bits));
        assert_eq!(number(0x8000000000000000), "0");
        assert_eq!(number(0x0000000000000001), "5e-324");
        assert_eq!(number(0x4340000000000001), "9007199254740994");
        assert_eq!(number(0x444b1ae4d6e2ef4f), "999999999999999900000");
        assert_eq!(number(0x444b1ae4d6e2ef50), "1e+21");
        assert_eq!(number(0x3eb0c6f7a0b5ed8d), "0.000001");
    }

    #[test]
    fn whole_numbers_that_are_no_doubles_are_text() {
        let most = MOST_EXACT as i64;
        let numbers = (most, most + 1, -most, -most - 1, u64::MAX, i64::MIN);
        let expected = "[9007199254740991,\"9007199254740992\",-9007199254740991,\"-9007199254740992\",\
                        \"18446744073709551615\",\"-9223372036854775808\"]";
        assert_eq!(canonical(&numbers), expected);
    }
}
