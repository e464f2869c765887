//! Mail, web and network addresses, UUIDs.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;

use super::finding::{Identifier, Treatment};
use super::test::{Detector, Mention, Test, regex};
use synth_core::protect::FakeKind;

pub(super) const DETECTOR: Detector = Detector { tests: TESTS, mentions: MENTIONS };

const TESTS: &[Test] = &[
    // The grammar is strict: one in a hundred is no accident.
    Test::new(Identifier::Email, Treatment::Fake(FakeKind::Email), is_email).alone(0.01, 1, 0.99),
    Test::new(Identifier::Url, Treatment::Fake(FakeKind::Url), is_url).alone(0.01, 1, 0.97),
    Test::new(Identifier::Device, Treatment::Fake(FakeKind::Mac), is_mac).alone(0.01, 1, 0.95),
    // Versions of programs look like IPv4 addresses; half a column of them with large parts does not.
    Test::new(Identifier::IpAddress, Treatment::Fake(FakeKind::Ipv4), is_ipv4).alone(0.5, 1, 0.9),
    Test::new(Identifier::IpAddress, Treatment::Fake(FakeKind::Ipv6), is_ipv6).alone(0.01, 1, 0.97),
    Test::new(Identifier::Other, Treatment::Regenerate, is_uuid).alone(0.01, 1, 0.97),
    Test::new(Identifier::Other, Treatment::Regenerate, is_hash).alone(0.5, 3, 0.8),
];

const MENTIONS: &[Mention] = &[
    Mention::new(Identifier::Email, mentions_email, 0.97),
    Mention::new(Identifier::Url, mentions_url, 0.97),
    Mention::new(Identifier::IpAddress, mentions_ip, 0.8),
    Mention::new(Identifier::Device, mentions_mac, 0.9),
];

/// A mail address, also with `(at)` and `dot` in words.
pub(super) fn is_email(cell: &str) -> bool {
    let cell = cell.strip_prefix("mailto:").unwrap_or(cell).trim_matches(['<', '>', ' ', ';', ',']);
    find_email(cell).is_some_and(|found| found.len() == cell.len())
}

fn mentions_email(cell: &str) -> bool {
    find_email(cell).is_some()
}

fn find_email(cell: &str) -> Option<&str> {
    static PLAIN: LazyLock<Regex> =
        regex!(r"(?i)[\p{L}\d._%+'-]+ ?@ ?[\p{L}\d-]+(?: ?\. ?[\p{L}\d-]+)* ?\. ?\p{L}{2,}");
    static HIDDEN: LazyLock<Regex> = regex!(
        r"(?i)[\p{L}\d._%+-]+\s*(?:[(\[{<]\s*(?:at|@|ät|arroba|chiocciola)\s*[)\]}>]|\s(?:at|arroba|chiocciola)\s)\s*(?:[\p{L}\d-]+(?:\s*(?:[(\[{<]\s*(?:dot|punkt|point|punto|\.)\s*[)\]}>]|\sdot\s|\spunkt\s)\s*|\.))+\p{L}{2,}",
    );
    if cell.contains('@') {
        return PLAIN.find(cell).map(|found| found.as_str());
    }
    let bracket = cell.contains(['(', '[', '{', '<']);
    let word = cell.contains(" at ") || cell.contains(" AT ") || cell.contains(" arroba ");
    if !bracket && !word {
        return None;
    }
    HIDDEN.find(cell).map(|found| found.as_str())
}

/// A web address with a scheme or `www`, or a path on a host.
pub(super) fn is_url(cell: &str) -> bool {
    static PATH: LazyLock<Regex> =
        regex!(r"(?i)^(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|io|ch|de|fr|it|es|uk|eu|info)(?:/\S*)?$");
    !cell.contains(' ')
        && (find_url(cell).is_some_and(|found| found.len() == cell.len())
            || (cell.contains('.') && PATH.is_match(cell)))
}

fn mentions_url(cell: &str) -> bool {
    find_url(cell).is_some()
}

fn find_url(cell: &str) -> Option<&str> {
    static URL: LazyLock<Regex> =
        regex!(r"(?i)\b(?:(?:https?|ftps?|hxxps?|sftp|file|ldap)(?:://|\[:\]//)[^\s<>]+|www\.[\p{L}\d-]+\.[^\s<>]+)");
    if !cell.contains("//") && !cell.contains("www.") && !cell.contains("WWW.") {
        return None;
    }
    URL.find(cell).map(|found| found.as_str())
}

/// An IPv4 address, perhaps with a port or a prefix length.
pub(super) fn is_ipv4(cell: &str) -> bool {
    if cell.bytes().filter(|b| *b == b'.').count() != 3 {
        return false;
    }
    let host = cell.split([':', '/']).next().unwrap_or(cell).trim();
    host.parse::<Ipv4Addr>().is_ok_and(|address| {
        let parts = address.octets();
        parts[0] != 0 && parts.iter().any(|part| *part >= 30)
    })
}

/// An IPv6 address, perhaps in brackets, with a zone or a prefix length.
pub(super) fn is_ipv6(cell: &str) -> bool {
    if cell.bytes().filter(|b| *b == b':').count() < 2 {
        return false;
    }
    let host = cell.trim_start_matches('[').split([']', '/', '%']).next().unwrap_or(cell);
    host.len() >= 6 && host.parse::<Ipv6Addr>().is_ok()
}

fn mentions_ip(cell: &str) -> bool {
    let part = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_hexdigit() && c != ':' && c != '[' && c != ']');
        is_ipv4(word) || is_ipv6(word)
    };
    let may = cell.bytes().filter(|b| *b == b'.').count() >= 3 || cell.bytes().filter(|b| *b == b':').count() >= 3;
    may && cell.split([' ', ',', ';', '=', '(', ')']).any(part)
}

/// Six pairs of hexadecimal digits, or three fours with dots.
pub(super) fn is_mac(cell: &str) -> bool {
    find_mac(cell).is_some_and(|found| found.len() == cell.len())
}

fn mentions_mac(cell: &str) -> bool {
    find_mac(cell).is_some()
}

fn find_mac(cell: &str) -> Option<&str> {
    static MAC: LazyLock<Regex> =
        regex!(r"(?i)\b(?:[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5})|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4})\b");
    if cell.len() < 14 || !cell.contains([':', '-', '.']) {
        return None;
    }
    MAC.find(cell).map(|found| found.as_str())
}

/// A UUID, perhaps in braces or as a URN.
pub(super) fn is_uuid(cell: &str) -> bool {
    let cell = cell.strip_prefix("urn:uuid:").unwrap_or(cell).trim_matches(['{', '}']);
    let hex = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    let lengths = cell.split('-').map(str::len);
    cell.len() == 36 && lengths.eq([8, 4, 4, 4, 12]) && cell.split('-').all(hex)
}

/// A digest in hexadecimal: MD5, SHA-1, SHA-256 or SHA-512. A digest of a name is as good as the name.
fn is_hash(cell: &str) -> bool {
    matches!(cell.len(), 32 | 40 | 64 | 128)
        && cell.bytes().all(|b| b.is_ascii_hexdigit())
        && cell.bytes().any(|b| b.is_ascii_digit())
        && cell.bytes().any(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::super::test::check;
    use super::*;

    #[test]
    fn addresses_in_odd_spellings() {
        check(
            is_email,
            &[
                "john@x.org",
                "John.O'Hara+a@mail.example.co.uk",
                "john (at) x.org",
                "john [at] x [dot] org",
                "john at x dot org",
                "<j@x.org>",
                "mailto:j@x.org",
                "jürg@müller.ch",
                "john @ x.org",
                "JOHN{AT}X.ORG",
            ],
            &["@home", "john@", "meet at x", "5 @ 3", "a(at)b", "look at this. ok", "", "at"],
        );
        check(
            mentions_email,
            &["write to j@x.org today", "contact: john (at) x.org."],
            &["look at example. Then go", "done at 5.30 pm", "pain @ rest", "seen at st. mary"],
        );
        check(
            is_url,
            &[
                "https://x.org/a?b=c",
                "www.example.ch/p",
                "HTTP://X.ORG",
                "hxxp://bad.example/1",
                "example.org/people/17",
                "file:///a/b",
            ],
            &["a//b", "and/or", "1.5/2.0", "e.g.", "http:", "no://"],
        );
        check(mentions_url, &["see https://x.org/a for more", "(www.x.org/a)"], &["either // or", "www"]);
        check(
            is_ipv4,
            &["203.0.113.20", "198.51.100.255", "8.8.4.40:53", "203.0.113.0/24"],
            &["1.2.3.4", "1.2.3", "300.1.1.1", "192.168.1", "1,2,3,40"],
        );
        check(
            is_ipv6,
            &["2001:db8::1", "fe80::1%eth0", "[2001:db8::7]", "2001:0db8:0000:0000:0000:0000:0000:0001"],
            &["12:30:45", "::", "1:2", "a::b::c:d"],
        );
        check(
            mentions_ip,
            &["from 203.0.113.20, twice", "ip=2001:db8::1"],
            &["v1.2.3.4 of it", "12:30:45", "1.1.1.1.1"],
        );
        check(
            is_mac,
            &["00:1B:44:11:3A:B7", "00-1b-44-11-3a-b7", "001b.4411.3ab7"],
            &["00:1B:44:11:3A", "00:1B-44:11:3A:B7", "10:20:30"],
        );
        check(
            is_uuid,
            &["123e4567-e89b-42d3-a456-426614174000", "{123E4567-E89B-42D3-A456-426614174000}"],
            &["123e4567-e89b-42d3-a456", "123e4567e89b42d3a456426614174000"],
        );
        check(
            is_hash,
            &["d41d8cd98f00b204e9800998ecf8427e"],
            &["d41d8cd98f00b204e9800998ecf8427", "12345678901234567890123456789012"],
        );
    }
}
