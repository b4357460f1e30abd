//! Where the client sees the gateway: the beginning of every link.

use std::str::FromStr;

use axum::extract::{OriginalUri, Request};
use axum::http::uri::{Authority, Uri};
use axum::http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;

/// Scheme, host and port, without a path or a slash at the end: `https://db.example:8779`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicUrl(String);

/// The text is not a public URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a public URL is `http://host:port` or `https://host:port`, without a path")]
pub struct NotPublicUrl;

/// The request does not name the host that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("request has no usable Host header")]
pub struct NoHost;

impl PublicUrl {
    /// Where the client of this request sees the gateway: as configured, or else `http` and the
    /// host that the request names.
    ///
    /// # Errors
    /// When neither says it. Only characters that may stand in a host get through, so the
    /// result may be put into headers and links.
    pub fn of_request(
        configured: Option<&Self>,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Self, NoHost> {
        if let Some(url) = configured {
            return Ok(url.clone());
        }
        let named = match headers.get(header::HOST) {
            Some(host) => host.to_str().ok().and_then(host_only),
            None => uri.authority().map(Authority::as_str).and_then(host_only),
        };
        named.map(|host| Self(format!("http://{host}"))).ok_or(NoHost)
    }

    /// The URL, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicUrl {
    type Err = NotPublicUrl;

    fn from_str(text: &str) -> Result<Self, NotPublicUrl> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        host.and_then(host_only).map(|_| Self(text.to_owned())).ok_or(NotPublicUrl)
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = NotPublicUrl;

    fn try_from(text: String) -> Result<Self, NotPublicUrl> {
        text.parse()
    }
}

fn host_only(text: &str) -> Option<&str> {
    let authority = text.parse::<Authority>().ok()?;
    (!authority.host().is_empty() && !text.contains('@')).then_some(text)
}

/// The value of `WWW-Authenticate` for a 401, here and in the database interface.
/// `identity_root` is the URL of the identity service without `/v3`.
pub fn challenge(identity_root: &str) -> HeaderValue {
    HeaderValue::try_from(format!("Keystone uri=\"{identity_root}/v3\""))
        .unwrap_or_else(|_| HeaderValue::from_static("Keystone"))
}

/// The URLs of one request.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// `http://host:port`.
    pub(super) base: String,
    /// The base and the prefix under which the identity service is mounted.
    pub(super) root: String,
    /// The request's own URL, query included.
    pub(super) url: String,
}

impl Place {
    pub(super) fn of(configured: Option<&PublicUrl>, request: &Request) -> Result<Self, NoHost> {
        let base = PublicUrl::of_request(configured, request.uri(), request.headers())?.0;
        let original = match request.extensions().get::<OriginalUri>() {
            Some(OriginalUri(uri)) => uri,
            None => request.uri(),
        };
        // Mounted under a prefix, the router sees the path without it.
        let prefix = original
            .path()
            .strip_suffix(request.uri().path())
            .unwrap_or(original.path())
            .trim_end_matches('/');
        let whole = original.path_and_query().map_or("/", |whole| whole.as_str());
        Ok(Self { root: format!("{base}{prefix}"), url: format!("{base}{whole}"), base })
    }

    /// The URL of a thing under `/v3`.
    pub(super) fn v3(&self, path: &str) -> String {
        format!("{}/v3/{path}", self.root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_host(host: &'static str) -> Result<PublicUrl, NoHost> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        PublicUrl::of_request(None, &Uri::from_static("/v3"), &headers)
    }

    #[test]
    fn a_public_url_is_a_scheme_a_host_and_a_port() {
        for good in ["http://127.0.0.1:8779", "https://db.example", "https://[::1]:443"] {
            assert_eq!(good.parse::<PublicUrl>().unwrap().as_str(), good);
        }
        assert_eq!(
            "https://db.example/".parse::<PublicUrl>().unwrap().as_str(),
            "https://db.example"
        );
        for bad in
            ["", "db.example", "ftp://db", "http://", "http://h/path", "http://u@h", "http://h\""]
        {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn without_configuration_the_host_header_decides() {
        assert_eq!(of_host("10.0.0.1:8779").unwrap().as_str(), "http://10.0.0.1:8779");
        for bad in ["", "a b", "h/path", "u@h", "h\"x", "h>"] {
            assert_eq!(of_host(bad), Err(NoHost), "{bad}");
        }
        let none = PublicUrl::of_request(None, &Uri::from_static("/v3"), &HeaderMap::new());
        assert_eq!(none, Err(NoHost));
        let absolute = Uri::from_static("http://db.example:1/v3");
        let named = PublicUrl::of_request(None, &absolute, &HeaderMap::new()).unwrap();
        assert_eq!(named.as_str(), "http://db.example:1");
    }

    #[test]
    fn configuration_beats_the_host_header() {
        let configured = "https://db.example".parse().unwrap();
        let url =
            PublicUrl::of_request(Some(&configured), &Uri::from_static("/"), &HeaderMap::new());
        assert_eq!(url, Ok(configured));
    }
}
