//! Where a table is.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgres::Config;
use postgres::config::{Host, SslMode};

use crate::error::{Error, Result};

/// Where a table is in a database: `sqlite:PATH#TABLE` or `postgres://USER@HOST/DATABASE#TABLE`.
///
/// Behind the `#` stands a name, `schema.name`, or a query that begins with `SELECT` or `WITH`; without it the database
/// must have exactly one table or view. A name of other signs than letters, digits, `_`, `$` and `-` stands in double quotes.
///
/// ```
/// use synth_core::io::database::Address;
///
/// let address = Address::parse("postgres://mary:secret@db.example.org/trial#SELECT * FROM visit WHERE ward = 'x'")?;
/// assert_eq!(address.name(), "postgres://db.example.org/trial#query");
/// # Ok::<(), synth_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Address {
    pub(super) place: Place,
    pub(super) what: What,
}

#[derive(Clone)]
pub(super) enum Place {
    Sqlite(PathBuf),
    Postgres(Box<Config>),
}

/// What is read there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// The only table.
    Only,
    /// A table or a view, perhaps with its schema before it.
    Name(Vec<String>),
    Query(String),
}

/// Without the password and the query.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Address").field(&self.name()).finish()
    }
}

impl Address {
    /// Whether `text` is meant as the address of a database, right or wrong.
    pub fn is_meant(text: &str) -> bool {
        ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme))
    }

    /// Reads an address.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is none. Nothing of it is shown.
    pub fn parse(text: &str) -> Result<Self> {
        let (place, what) = text.split_once('#').map_or((text, None), |(place, what)| (place, Some(what)));
        let place = match place.strip_prefix("sqlite:") {
            Some("") => return Err(wrong("no path")),
            Some(path) => Place::Sqlite(PathBuf::from(path)),
            None if Self::is_meant(place) => Place::Postgres(Box::new(server(place)?)),
            None => return Err(wrong("another scheme")),
        };
        Ok(Self { place, what: what.map_or(Ok(What::Only), What::parse)? })
    }

    /// The same with a password, where it has none.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        if let Place::Postgres(config) = &mut self.place
            && config.get_password().is_none()
        {
            config.password(password);
        }
        self
    }

    /// What messages and records call it: scheme, host and database, or the path as it was given, and the table. Users,
    /// passwords and queries are left out.
    pub fn name(&self) -> String {
        self.named(|path| path.display().to_string())
    }

    /// The same without the folders of a path, which may be somebody's name.
    pub fn name_without_folders(&self) -> String {
        self.named(|path| path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned()))
    }

    fn named(&self, of_path: impl Fn(&Path) -> String) -> String {
        let place = match &self.place {
            Place::Sqlite(path) => format!("sqlite:{}", of_path(path)),
            Place::Postgres(config) => {
                let hosts: Vec<String> = config.get_hosts().iter().map(host_name).collect();
                format!("postgres://{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
            }
        };
        match &self.what {
            What::Only => place,
            What::Name(name) => format!("{place}#{}", name.join(".")),
            What::Query(_) => format!("{place}#query"),
        }
    }

    /// The file of a database that is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.place {
            Place::Sqlite(path) => Some(path),
            Place::Postgres(_) => None,
        }
    }
}

fn host_name(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(_) => String::new(),
    }
}

fn wrong(got: &str) -> Error {
    Error::Setting {
        name: "the address of a database",
        allowed: "sqlite:PATH or postgres://USER@HOST/DATABASE, optionally followed by # and a name, schema.name, or a query that begins with SELECT or WITH",
        got: got.to_owned(),
    }
}

/// The server that is meant. The parser's errors may quote the password, and are not shown.
fn server(url: &str) -> Result<Config> {
    // Certificates are always checked.
    let checked = url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    let mut config: Config = checked.parse().map_err(|_| wrong("another format"))?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(wrong("no host"));
    }
    let says_how = url.split_once('?').is_some_and(|(_, options)| options.contains("sslmode="));
    if !says_how {
        // On this machine there is nobody between, and few have a certificate for it.
        config.ssl_mode(if is_this_machine(&config) { SslMode::Disable } else { SslMode::Require });
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(15));
    }
    config.application_name("synth");
    Ok(config)
}

fn is_this_machine(config: &Config) -> bool {
    let is_loopback = |host: &Host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    config.get_hosts().iter().all(is_loopback) && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

impl What {
    fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let is_query = ["SELECT", "WITH"].iter().any(|word| {
            let rest = text.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word));
            // A table may be called `selected`.
            rest.is_some() && !text[word.len()..].starts_with(|c: char| is_of_name(c) || c == '.')
        });
        if is_query && text.contains(|c: char| !is_of_name(c)) {
            return Ok(What::Query(text.trim_end_matches(|c: char| c == ';' || c.is_whitespace()).to_owned()));
        }
        name_of(text).map(What::Name).ok_or_else(|| wrong("something else after the #"))
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '-')
}

/// The parts of a name, one or two.
fn name_of(text: &str) -> Option<Vec<String>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    loop {
        let part;
        (part, rest) = match rest.strip_prefix('"') {
            Some(inside) => quoted_part(inside)?,
            None => {
                let end = rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        if part.is_empty() || part.contains('\0') {
            return None;
        }
        parts.push(part);
        match (rest.strip_prefix('.'), parts.len()) {
            (Some(more), 1) => rest = more,
            (None, _) if rest.is_empty() => return Some(parts),
            _ => return None,
        }
    }
}

/// What stands before the closing quote, a doubled one being one, and what stands behind it.
fn quoted_part(inside: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut rest = inside;
    loop {
        let end = rest.find('"')?;
        part.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(more) => rest = more,
            None => return Some((part, rest)),
        }
        part.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(text: &str) -> Option<What> {
        What::parse(text).ok()
    }

    #[test]
    fn what_stands_behind_the_sign_is_a_name_or_a_query() {
        let name = |parts: &[&str]| Some(What::Name(parts.iter().map(|&part| part.to_owned()).collect()));
        assert_eq!(what("visit"), name(&["visit"]));
        assert_eq!(what("trial.visit_2"), name(&["trial", "visit_2"]));
        assert_eq!(what("\"a b\".\"c\"\"d\""), name(&["a b", "c\"d"]));
        assert_eq!(what("Größe"), name(&["Größe"]));
        assert_eq!(what("selected"), name(&["selected"]));
        assert_eq!(what("with.select"), name(&["with", "select"]));
        for query in ["select 1", "WITH a AS (SELECT 1) SELECT * FROM a", "Select*from t", "SELECT\n1"] {
            assert_eq!(what(query), Some(What::Query(query.to_owned())));
        }
        assert_eq!(what(" SELECT 1 ; "), Some(What::Query("SELECT 1".to_owned())));
        for nothing in ["", " ", "DROP TABLE a", "a.b.c", "a.", "\"a", "a b", "a;b", "\"a\"b", "(SELECT 1)", "\"\""] {
            assert_eq!(what(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn names_hold_no_user_no_password_and_no_query() {
        let name = |text: &str| Address::parse(text).unwrap().name();
        assert_eq!(name("postgres://mary:s3cret@h.example:5433/d#public.t"), "postgres://h.example/d#public.t");
        assert_eq!(name("postgresql://mary@localhost/d?password=s3cret"), "postgres://localhost/d");
        assert_eq!(name("sqlite:mary/a.db#SELECT * FROM t WHERE n = 'Mary'"), "sqlite:mary/a.db#query");
        let address = Address::parse("sqlite:mary/a.db#t").unwrap().with_password("s3cret");
        assert_eq!(address.name_without_folders(), "sqlite:a.db#t");
        let address = Address::parse("postgres://mary:s3cret@localhost/d#SELECT 'Mary'").unwrap();
        assert_eq!(format!("{address:?}"), "Address(\"postgres://localhost/d#query\")");
        for wrong in ["postgres://mary:s3cret@h:port/d", "postgres:///d", "sqlite:", "mysql://mary:s3cret@h/d"] {
            let message = Address::parse(wrong).unwrap_err().to_string();
            assert!(!message.contains("s3cret") && !message.contains("mary"), "{message}");
        }
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_plain_unless_asked() {
        let mode = |text: &str| match Address::parse(text).unwrap().place {
            Place::Postgres(config) => config.get_ssl_mode(),
            Place::Sqlite(_) => panic!("{text} is no server"),
        };
        assert_eq!(mode("postgres://u@localhost/d"), SslMode::Disable);
        assert_eq!(mode("postgres://u@localhost/d?sslmode=prefer"), SslMode::Prefer);
        assert_eq!(mode("postgres://u@db.example.org/d"), SslMode::Require);
        assert_eq!(mode("postgres://u@localhost,db.example.org/d"), SslMode::Require);
        assert_eq!(mode("postgres://u@db.example.org/d?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgres://u@localhost/d?sslmode=verify-full"), SslMode::Require);
    }

    #[test]
    fn a_password_of_the_address_goes_first() {
        let password = |text: &str| match Address::parse(text).unwrap().with_password("other").place {
            Place::Postgres(config) => config.get_password().map(<[u8]>::to_vec),
            Place::Sqlite(_) => None,
        };
        assert_eq!(password("postgres://u:own@localhost/d"), Some(b"own".to_vec()));
        assert_eq!(password("postgres://u@localhost/d"), Some(b"other".to_vec()));
    }
}
