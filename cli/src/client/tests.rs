//! What a session does when the service misbehaves, against a server that follows a script.

use super::credentials::{Named, Secret};
use super::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// What the server does with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// Answers with a status and a body.
    Answer(u16, &'static str),
    /// Says that it is asked too often.
    Limit,
    /// Hangs up without an answer.
    HangUp,
    /// Issues a token, with itself in the catalog.
    Issue(&'static str),
}

const EMPTY: &str = r#"{"instances": []}"#;
const FAULT: &str = r#"{"serviceUnavailable": {"code": 503, "message": "Try again shortly."}}"#;

/// A session at a server that takes these steps after the first log-in; and the requests that it
/// got, head and body.
pub(crate) async fn session(script: &[Step]) -> (Client, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (seen, requests) = mpsc::channel(64);
    let served = base.clone();
    let script = script.to_vec();
    tokio::spawn(async move {
        for step in [Step::Issue("first")].iter().chain(&script) {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read(&mut stream).await;
            if matches!(step, Step::Answer(..) | Step::Limit | Step::HangUp) {
                seen.send(request).await.unwrap();
            }
            stream.write_all(answer(*step, &served).as_bytes()).await.unwrap();
        }
    });
    let credentials = Credentials {
        auth_url: format!("{base}/v3"),
        proof: Proof::Password { user: Named::Id("u".into()), password: Secret("p".into()) },
        project: None,
        region: None,
        interface: "public".to_owned(),
        cacert: None,
    };
    (Client::log_in(credentials).await.unwrap(), requests)
}

async fn read(stream: &mut tokio::net::TcpStream) -> String {
    let mut request = Vec::new();
    let mut part = [0; 1024];
    loop {
        let count = stream.read(&mut part).await.unwrap();
        request.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if count == 0 || body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return text;
        }
    }
}

fn answer(step: Step, base: &str) -> String {
    let (status, more, body) = match step {
        Step::HangUp => return String::new(),
        Step::Answer(status, body) => {
            (status, "x-trove-position: 7\r\n".to_owned(), body.to_owned())
        }
        Step::Limit => (413, "retry-after: 0\r\n".to_owned(), FAULT.to_owned()),
        Step::Issue(token) => {
            let endpoint =
                json!({"interface": "public", "region": "R", "url": format!("{base}/p")});
            let catalog = json!([{"type": "database", "endpoints": [endpoint]}]);
            let body = json!({"token": {"project": {"id": "p"}, "catalog": catalog}});
            (201, format!("x-subject-token: {token}\r\n"), body.to_string())
        }
    };
    let length = body.len();
    format!(
        "HTTP/1.1 {status} -\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn header(request: &str, name: &str) -> Option<String> {
    let prefix = format!("{name}: ");
    request.lines().find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned)
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_replaced_once() {
    let script = &[Step::Answer(401, "{}"), Step::Issue("second"), Step::Answer(200, EMPTY)];
    let (mut client, mut requests) = session(script).await;
    client.get("list", "/instances").await.unwrap();
    let tokens = [requests.recv().await, requests.recv().await]
        .map(|request| header(&request.unwrap(), "x-auth-token").unwrap());
    assert_eq!(tokens, ["first", "second"]);

    let script = &[Step::Answer(401, "{}"), Step::Issue("second"), Step::Answer(401, "{}")];
    let (mut client, _requests) = session(script).await;
    assert_eq!(client.get("list", "/instances").await.unwrap_err().kind, Kind::NotAllowed);
}

#[tokio::test]
async fn a_change_is_repeated_under_the_same_key() {
    let script = &[Step::HangUp, Step::Answer(503, FAULT), Step::Answer(202, "")];
    let (mut client, mut requests) = session(script).await;
    let body = json!({"restart": {}});
    let answer = client.change("restart", Method::POST, "/instances/1/action", Some(&body)).await;
    assert_eq!(answer.unwrap(), Value::Null);
    let mut keys = Vec::new();
    for _ in 0..script.len() {
        let request = requests.recv().await.unwrap();
        assert!(request.starts_with("post /p/instances/1/action "), "{request}");
        assert!(request.ends_with(r#"{"restart":{}}"#), "{request}");
        keys.push(header(&request, "idempotency-key").unwrap());
    }
    assert!(keys[0].len() == 36 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[tokio::test]
async fn a_service_that_stays_away_is_given_up_with_its_own_words() {
    const AWAY: Step = Step::Answer(503, FAULT);
    let (mut client, mut requests) = session(&[AWAY; PAUSES.len() + 1]).await;
    let failure = client.get("list instances", "/instances").await.unwrap_err();
    assert_eq!(failure.kind, Kind::NoAnswer);
    assert!(failure.to_string().contains("Try again shortly."), "{failure}");
    for _ in 0..=PAUSES.len() {
        assert!(requests.recv().await.is_some());
    }
}

#[tokio::test]
async fn what_was_refused_is_not_repeated_and_reads_are_never_older_than_before() {
    let fault = r#"{"badRequest": {"code": 400, "message": "no"}}"#;
    let (mut client, mut requests) =
        session(&[Step::Answer(400, fault), Step::Answer(200, EMPTY)]).await;
    let failure = client.change("rename", Method::PATCH, "/instances/1", None).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Refused);
    client.get("list", "/instances").await.unwrap();
    assert_eq!(header(&requests.recv().await.unwrap(), "x-trove-position"), None);
    assert_eq!(header(&requests.recv().await.unwrap(), "x-trove-position").unwrap(), "7");
}

#[tokio::test]
async fn a_service_that_is_asked_too_often_is_asked_again_when_it_says() {
    let (mut client, mut requests) = session(&[Step::Limit, Step::Answer(200, EMPTY)]).await;
    client.get("list", "/instances").await.unwrap();
    assert!(requests.recv().await.is_some() && requests.recv().await.is_some());
}
