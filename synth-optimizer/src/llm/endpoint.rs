//! The service, and one question to it.

use std::fmt;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use synth_core::{Error, Result};
use ureq::http::{Response, StatusCode, header};
use ureq::{Agent, Body};

/// Answers of more bytes than this are not read to their end.
const MAX_ANSWER: u64 = 256 * 1024;
/// A service that asks for a longer pause is not waited for.
const MAX_PAUSE: Duration = Duration::from_secs(20);

/// A service that offers the OpenAI chat API: OpenRouter, Ollama, a server of one's own.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The address under which `/chat/completions` is, such as `https://openrouter.ai/api/v1`.
    pub url: String,
    /// The model's name, as the service calls it.
    pub model: String,
    /// What is sent as a bearer token, if anything.
    pub key: Option<Key>,
    /// For one question, repeats and pauses counted. A minute.
    pub timeout: Duration,
    /// How often a question is sent at most, where another try may help. Three times.
    pub tries: usize,
    /// Before the second try; twice as long before each further one, or as the service asks. A second.
    pub pause: Duration,
}

impl Endpoint {
    /// OpenRouter's address.
    pub const OPENROUTER: &'static str = "https://openrouter.ai/api/v1";

    /// A service with the defaults above.
    pub fn new(url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            model: model.into(),
            key: None,
            timeout: Duration::from_secs(60),
            tries: 3,
            pause: Duration::from_secs(1),
        }
    }

    /// Sends this key with each question.
    #[must_use]
    pub fn with_key(self, key: Key) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Whether a question can be sent there.
    ///
    /// # Errors
    /// [`Error::Setting`] if the address is no `http` or `https` one, if a key would be sent in the clear to another
    /// machine, if it or the model's name is empty, or if there is no try.
    pub fn check(&self) -> Result<()> {
        let setting = |name, allowed, got: &str| Err(Error::Setting { name, allowed, got: got.to_owned() });
        let host = match self.url.split_once("://") {
            Some(("https", _)) => None,
            Some(("http", rest)) => Some(rest.split(['/', '?']).next().unwrap_or_default()),
            _ => return setting("llm-url", "an http or https address", &self.url),
        };
        if host.is_some_and(|host| !is_loopback(host)) && self.key.is_some() {
            return setting("llm-url", "an https address where a key is sent", &self.url);
        }
        if self.model.trim().is_empty() {
            return setting("llm-model", "the name of a model", &self.model);
        }
        if self.tries == 0 { setting("tries", "at least 1", "0") } else { Ok(()) }
    }

    /// The content of the answer to `messages`, which must follow `schema`.
    pub(super) fn ask(&self, messages: &[Message], schema: &serde_json::Value) -> std::result::Result<String, Fault> {
        let deadline = Instant::now() + self.timeout;
        let question = serde_json::json!({
            "model": self.model,
            "messages": messages,
            "temperature": 0,
            "response_format": {
                "type": "json_schema",
                "json_schema": { "name": "plan", "strict": true, "schema": schema },
            },
        });
        let mut pause = self.pause;
        let mut tries = 1;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Fault::TimedOut);
            }
            let (fault, asked_for) = match self.send(&question, left) {
                Ok(content) => return Ok(content),
                Err(failed) => failed,
            };
            let wait = asked_for.unwrap_or(pause);
            let is_in_time = wait <= MAX_PAUSE && Instant::now() + wait < deadline;
            if !fault.may_pass() || tries == self.tries || !is_in_time {
                return Err(fault);
            }
            std::thread::sleep(wait);
            (tries, pause) = (tries + 1, 2 * pause);
        }
    }

    /// One try. The pause that a service asks for comes with what went wrong.
    fn send(
        &self,
        question: &serde_json::Value,
        timeout: Duration,
    ) -> std::result::Result<String, (Fault, Option<Duration>)> {
        let mut config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // A key goes to the address that was given, and nowhere else.
            .max_redirects(0)
            .max_redirects_will_error(false);
        if self.url.split_once("://").is_some_and(|(_, rest)| is_loopback(rest.split('/').next().unwrap_or_default())) {
            config = config.proxy(None);
        }
        let agent: Agent = config.build().into();
        let mut request = agent.post(format!("{}/chat/completions", self.url.trim_end_matches('/')));
        if let Some(Key(key)) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let mut response = request.send_json(question).map_err(|error| (Fault::of(&error), None))?;
        if response.status() != StatusCode::OK {
            return Err((Fault::Status(response.status().as_u16()), pause_of(&response)));
        }
        let bytes = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        let bytes = bytes.map_err(|error| (Fault::of(&error), None))?;
        let answer: Answer = serde_json::from_slice(&bytes).map_err(|_| (Fault::NotJson, None))?;
        let content = answer.choices.into_iter().next().and_then(|choice| choice.message.content);
        content.ok_or((Fault::Empty, None))
    }
}

/// Whether `host`, with or without a port, is this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, _)) => name,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// How long the service asks to be left alone, in whole seconds.
fn pause_of(response: &Response<Body>) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// A secret: it is sent to its service and shown nowhere.
#[derive(Clone)]
pub struct Key(String);

impl Key {
    /// A key. Surrounding white space is ignored.
    ///
    /// # Errors
    /// [`Error::Setting`] if nothing is left, or if it holds what no header may: it is not shown.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let allowed = "printable, without blanks";
            return Err(Error::Setting { name: "key of the language model", allowed, got: "another text".to_owned() });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// A part of the conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Message {
    pub(super) role: &'static str,
    pub(super) content: String,
}

#[derive(Deserialize)]
struct Answer {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Said,
}

#[derive(Deserialize)]
struct Said {
    content: Option<String>,
}

/// Why a response had no usable plan. Never contains text of the response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There was no connection, or it broke.
    #[error("unreachable")]
    Unreachable,
    /// No answer in time.
    #[error("timed out")]
    TimedOut,
    /// Another status than 200.
    #[error("HTTP status {0}")]
    Status(u16),
    /// The answer is too long.
    #[error("the response exceeds {} KiB", MAX_ANSWER / 1024)]
    TooLong,
    /// The answer, or what it says, is no JSON of the form that such services have.
    #[error("the response is not the expected JSON")]
    NotJson,
    /// The answer says nothing.
    #[error("empty response")]
    Empty,
    /// What it says is JSON, but no plan.
    #[error("the response does not follow the schema of plans")]
    NotAPlan,
    /// It proposes what was tried before, or what trains at least as hard as a plan that failed on privacy.
    #[error("the plan was tried before, or trains at least as hard as one that failed on privacy")]
    NotWorthTrying,
}

impl Fault {
    fn of(error: &ureq::Error) -> Self {
        match error {
            ureq::Error::Timeout(_) => Fault::TimedOut,
            ureq::Error::BodyExceedsLimit(_) => Fault::TooLong,
            _ => Fault::Unreachable,
        }
    }

    /// Whether the same question may find an answer a little later.
    fn may_pass(&self) -> bool {
        match self {
            Fault::Unreachable => true,
            Fault::Status(status) => *status == 429 || *status >= 500,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let endpoint = Endpoint::new(Endpoint::OPENROUTER, "m").with_key(Key::new(" sk-secret\n").unwrap());
        assert!(!format!("{endpoint:?}").contains("secret"));
        for bad in ["", "  ", "two words", "line\nbreak"] {
            let error = Key::new(bad).unwrap_err().to_string();
            assert!(!error.contains("words") && !error.contains("break"), "{error}");
        }
    }

    #[test]
    fn a_key_is_not_sent_in_the_clear_to_another_machine() {
        let check = |url: &str, key: Option<&str>| {
            let mut endpoint = Endpoint::new(url, "m");
            endpoint.key = key.map(|key| Key::new(key).unwrap());
            endpoint.check().is_ok()
        };
        assert!(check("https://example.org/v1", Some("k")));
        assert!(check("http://localhost:11434/v1", Some("k")));
        assert!(check("http://[::1]:8080/v1", Some("k")));
        assert!(check("http://example.org/v1", None));
        for (url, key) in [("http://example.org/v1", Some("k")), ("http://localhost.example.org", Some("k"))] {
            assert!(!check(url, key), "{url}");
        }
        for url in ["", "example.org", "ftp://example.org", "file:///etc"] {
            assert!(!check(url, None), "{url}");
        }
    }
}
