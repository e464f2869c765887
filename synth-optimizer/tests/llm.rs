//! The planner that asks a language model, against a real server on this machine: what it is told, and that whatever it
//! answers the run goes on by the rules.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use synth_compliance::Policy;
use synth_core::io::{ReadOptions, read_bytes};
use synth_core::train::TrainingFailure;
use synth_core::{EngineKind, Table};
use synth_optimizer::llm::{Endpoint, Key, LlmPlanner, Names, Proposal, RULE, Shape};
use synth_optimizer::{Assessment, Attempt, AttemptResult, Explanation, Pipeline, Plan, Planner, RulePlanner};

/// A status, headers and a body to answer with, after a pause.
#[derive(Clone)]
struct Reply {
    status: u16,
    retry_after: Option<u64>,
    body: String,
    pause: Duration,
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, retry_after: None, body: body.to_owned(), pause: Duration::ZERO }
}

fn says(content: &str) -> Reply {
    reply(200, &serde_json::json!({ "choices": [{ "message": { "content": content } }] }).to_string())
}

fn plans(proposal: &Proposal) -> Reply {
    says(&serde_json::to_string(proposal).unwrap())
}

fn proposal() -> Proposal {
    Proposal {
        engine: EngineKind::Masked,
        n_iter: 77,
        batch_size: 64,
        lr: 1e-3,
        dropout: 0.3,
        width: 64,
        layers: 1,
        min_leaf: 10,
        differential_privacy: false,
        backups: vec![EngineKind::Trees],
        rationale: "few rows".to_owned(),
    }
}

/// What was asked: headers and body.
type Asked = Arc<Mutex<Vec<(Vec<(String, String)>, String)>>>;

/// A server that gives these replies in turn, the last one again and again, and keeps what it was asked.
fn server(replies: Vec<Reply>) -> (Endpoint, Asked) {
    let server = tiny_http::Server::http("localhost:0").unwrap();
    let url = format!("http://{}/v1", server.server_addr());
    let asked = Asked::default();
    let kept = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut replies = VecDeque::from(replies);
        for mut request in server.incoming_requests() {
            let mut body = String::new();
            request.as_reader().read_to_string(&mut body).unwrap();
            assert_eq!(request.url(), "/v1/chat/completions");
            let headers =
                request.headers().iter().map(|h| (h.field.to_string().to_lowercase(), h.value.to_string())).collect();
            kept.lock().unwrap().push((headers, body));
            let reply = if replies.len() > 1 { replies.pop_front().unwrap() } else { replies[0].clone() };
            std::thread::sleep(reply.pause);
            let mut response = tiny_http::Response::from_string(reply.body).with_status_code(reply.status);
            if let Some(seconds) = reply.retry_after {
                let header = tiny_http::Header::from_bytes("Retry-After", seconds.to_string()).unwrap();
                response = response.with_header(header);
            }
            let _ = request.respond(response);
        }
    });
    let endpoint = Endpoint {
        timeout: Duration::from_secs(20),
        pause: Duration::from_millis(5),
        ..Endpoint::new(url, "test-model").with_key(Key::new("sk-canary-key").unwrap())
    };
    (endpoint, asked)
}

/// A table whose names, levels and numbers would be known again anywhere.
fn table() -> Table {
    let row = |i: usize| {
        let level = ["canarylevelone", "canaryleveltwo"][i % 2];
        format!("{level},{}.{},7{:05}\n", 31415 + i % 40, 92653 + i % 7, i * 37 % 1000)
    };
    let text: String =
        std::iter::once("canaryname,canaryweight,canarycount\n".to_owned()).chain((0..120).map(row)).collect();
    read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
}

fn shape(names: Names) -> Shape {
    Shape::of(&table(), names)
}

fn planner(endpoint: Endpoint) -> LlmPlanner {
    LlmPlanner::new(endpoint, shape(Names::Kept), RulePlanner::new(Plan::base(120, 3))).unwrap()
}

/// An attempt with that plan that learnt nothing.
fn failed(number: usize, plan: Plan) -> Attempt<Plan, Assessment> {
    Attempt {
        number,
        plan,
        explanation: Explanation::base("a test"),
        result: AttemptResult::Failed(TrainingFailure::NothingLearnt { loss: 2.0, baseline: 1.0 }),
        duration: Duration::ZERO,
    }
}

#[test]
fn a_good_answer_is_the_plan() {
    let (endpoint, asked) = server(vec![plans(&proposal())]);
    let (plan, explanation) = planner(endpoint).next_plan(&[]).unwrap();
    let training = plan.training().unwrap();
    assert_eq!((training.n_iter, training.dropout, training.hidden.as_slice()), (77, 0.3, &[64][..]));
    assert_eq!((explanation.rule.as_str(), explanation.suggestion.as_str()), (RULE, "few rows"));
    assert_eq!(explanation.change, Plan::base(120, 3).changes(&plan));
    let asked = asked.lock().unwrap();
    let (headers, body) = &asked[0];
    assert!(headers.contains(&("authorization".to_owned(), "Bearer sk-canary-key".to_owned())));
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["model"], "test-model");
    assert_eq!(body["response_format"]["json_schema"]["schema"], Proposal::schema());
}

#[test]
fn no_cell_level_or_name_is_told() {
    let policy = Policy::named("hipaa").unwrap();
    let (endpoint, asked) = server(vec![plans(&proposal()), plans(&Proposal { n_iter: 30, ..proposal() })]);
    let run = Pipeline::new(policy)
        .with_seed(1)
        .with_max_attempts(3)
        .with_planner(|table, rules| Ok(Box::new(LlmPlanner::new(endpoint, Shape::of(table, Names::Kept), rules)?)))
        .run(&table())
        .unwrap();
    assert_eq!(run.record.attempts[0].explanation.rule, RULE);
    assert_eq!(run.record.attempts[0].plan.training().unwrap().n_iter, 77);
    let asked = asked.lock().unwrap();
    assert!(!asked.is_empty());
    for (_, body) in asked.iter() {
        for canary in ["canaryname", "canaryweight", "canarycount", "canarylevel", "3141", "92653", "70003"] {
            assert!(!body.contains(canary), "{canary} in {body}");
        }
        // The key is in a header, and nowhere else.
        assert!(!body.contains("sk-canary"), "{body}");
    }
    let record = serde_json::to_string(&run.record).unwrap();
    assert!(!record.contains("sk-canary"));
}

#[test]
fn names_are_told_if_they_are_shared_and_levels_still_not() {
    let text = serde_json::to_string(&shape(Names::Shared)).unwrap();
    assert!(text.contains("canaryname") && !text.contains("canarylevel") && !text.contains("3141"), "{text}");
    let kept = shape(Names::Kept);
    assert_eq!((kept.rows, kept.columns.len(), kept.columns[0].distinct), (120, 3, 2));
}

/// What the rules do, and the reason, for every way in which a service can fail; and how often it was asked.
#[test]
fn every_failure_falls_back_on_the_rules_and_says_why() {
    let slow = Reply { pause: Duration::from_millis(900), ..plans(&proposal()) };
    let wrong = Proposal { rationale: String::new(), ..proposal() };
    let wrong = serde_json::to_string(&wrong).unwrap().replace("\"layers\":1", "\"layers\":\"many\"");
    let huge = says(&"x".repeat(300 * 1024));
    let patient = Reply { retry_after: Some(3600), ..reply(429, "later") };
    let cases = [
        (reply(404, "no such model"), "status 404", 1),
        (reply(401, "who are you"), "status 401", 1),
        (reply(302, ""), "status 302", 1),
        (reply(429, "too many"), "status 429", 3),
        (patient, "status 429", 1),
        (reply(500, "oops"), "status 500", 3),
        (reply(503, "busy"), "status 503", 3),
        (slow, "timed out", 1),
        (reply(200, "<html>hello</html>"), "not the expected JSON", 1),
        (reply(200, "{\"choices\": []}"), "empty", 1),
        (says("Sure! Here is a plan."), "not the expected JSON", 1),
        (says(&wrong), "schema of plans", 1),
        (huge, "exceeds 256 KiB", 1),
    ];
    for (reply, reason, n_asked) in cases {
        let (mut endpoint, asked) = server(vec![reply]);
        endpoint.timeout = Duration::from_millis(600);
        let (plan, explanation) = planner(endpoint).next_plan(&[]).unwrap();
        assert_eq!(plan, Plan::base(120, 3), "{reason}");
        assert_eq!(explanation.rule, "base");
        assert!(explanation.cause.contains("the language model gave no plan"), "{}", explanation.cause);
        assert!(explanation.cause.contains(reason), "{}", explanation.cause);
        assert_eq!(asked.lock().unwrap().len(), n_asked, "{reason}");
    }
}

#[test]
fn a_service_that_is_not_there_is_no_obstacle() {
    let mut endpoint = Endpoint::new("http://localhost:1/v1", "m");
    endpoint.pause = Duration::from_millis(1);
    let (plan, explanation) = planner(endpoint).next_plan(&[]).unwrap();
    assert_eq!(plan, Plan::base(120, 3));
    assert!(explanation.cause.contains("unreachable"), "{}", explanation.cause);
}

#[test]
fn a_service_that_recovers_is_followed() {
    let soon = Reply { retry_after: Some(0), ..reply(429, "") };
    let (endpoint, asked) = server(vec![reply(502, ""), soon, plans(&proposal())]);
    assert_eq!(planner(endpoint).next_plan(&[]).unwrap().1.rule, RULE);
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[test]
fn a_plan_that_was_tried_is_not_followed_and_a_deaf_service_is_left_alone() {
    let (endpoint, asked) = server(vec![plans(&proposal())]);
    let mut planner = planner(endpoint);
    let mut attempts = vec![failed(1, planner.next_plan(&[]).unwrap().0)];
    for number in 2..5 {
        let (plan, explanation) = planner.next_plan(&attempts).unwrap();
        let said = if number < 4 { "was tried before" } else { "was not queried again" };
        assert!(explanation.cause.contains(said), "{number}: {}", explanation.cause);
        attempts.push(failed(number, plan));
    }
    assert_eq!(asked.lock().unwrap().len(), 3);
    // The rules gave the method up, and its backup was taken in place of theirs.
    let engines: Vec<EngineKind> = attempts.iter().map(|attempt| attempt.plan.kind()).collect();
    assert_eq!(engines, [EngineKind::Masked, EngineKind::Masked, EngineKind::Trees, EngineKind::TabDdpm]);
}
