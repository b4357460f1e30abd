//! HTTPS against a server with a certificate of its own.
//!
//! `certificates/` holds that server's certificate and key, and the certificate of the authority
//! that signed it, whose own key is gone. They are good for a hundred years and for nothing else.

use super::*;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";

fn certificate(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/client/http/certificates").join(name)
}

/// A server that answers everybody who trusts it; gives its address.
async fn server() -> String {
    let chain = CertificateDer::pem_file_iter(certificate("server.pem")).unwrap();
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(certificate("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 1024];
            if stream.read(&mut request).await.is_ok_and(|count| count > 0) {
                stream.write_all(ANSWER.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        }
    });
    url
}

async fn get(cacert: Option<PathBuf>, url: String) -> Result<Answer, SendError> {
    let ask = Ask { method: Method::GET, url, headers: Vec::new(), body: None };
    Http::new(cacert).send(ask).await
}

#[tokio::test]
async fn a_server_is_trusted_by_the_named_certificates_and_not_without() {
    let url = server().await;
    let answer = get(Some(certificate("authority.pem")), url.clone()).await.unwrap();
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, serde_json::json!({})));
    match get(None, url.clone()).await.unwrap_err() {
        SendError::Lost(why) => assert!(why.contains("certificate"), "{why}"),
        // A machine without any authority can't even try.
        SendError::Unusable(why) => assert!(why.contains("ca-certificates"), "{why}"),
    }
    let by_name = url.replace("127.0.0.1", "localhost");
    assert!(get(Some(certificate("authority.pem")), by_name).await.is_err(), "another name");
}

#[tokio::test]
async fn a_file_without_certificates_is_said_to_be_one() {
    for file in [certificate("server.key"), certificate("none.pem")] {
        let error = get(Some(file), "https://127.0.0.1:1/".to_owned()).await.unwrap_err();
        let SendError::Unusable(why) = error else { panic!("{error:?}") };
        assert!(why.contains("certificates/"), "{why}");
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_before_anything_is_sent() {
    let error = get(None, "http://a b/".to_owned()).await.unwrap_err();
    assert!(matches!(error, SendError::Unusable(_)), "{error:?}");
}
