//! Paths of requests: names inside them, and the way to the next page.

use serde_json::Value;

/// A path of these parts, each of them one segment whatever stands in it.
pub(crate) fn of(parts: &[&str]) -> String {
    parts.iter().fold(String::new(), |mut path, part| {
        path.push('/');
        path.push_str(&encoded(part));
        path
    })
}

/// The text with everything encoded that has a meaning in an address.
pub(crate) fn encoded(text: &str) -> String {
    if matches!(text, "." | "..") {
        // By themselves these lead elsewhere.
        return text.replace('.', "%2E");
    }
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

/// The path of the next page, if the body names one. Only the query of its link is taken: scheme
/// and host may be those of a proxy.
pub(crate) fn next(path: &str, body: &Value) -> Option<String> {
    let links = body["links"].as_array()?;
    let next = links.iter().find(|link| link["rel"] == "next")?;
    let (_, query) = next["href"].as_str()?.split_once('?')?;
    let bare = path.split('?').next().unwrap_or(path);
    Some(format!("{bare}?{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_can_not_lead_elsewhere() {
        assert_eq!(of(&["instances", "a/b?c#d"]), "/instances/a%2Fb%3Fc%23d");
        assert_eq!(of(&["users", "bob@10.0.0.%"]), "/users/bob%4010.0.0.%25");
        assert_eq!(of(&["..", "é"]), "/%2E%2E/%C3%A9");
    }

    #[test]
    fn the_next_page_is_on_our_own_host() {
        let body =
            json!({"links": [{"rel": "next", "href": "https://other/v1.0/p/x?limit=1&marker=a"}]});
        assert_eq!(next("/x?limit=1", &body).unwrap(), "/x?limit=1&marker=a");
        assert_eq!(next("/x", &json!({})), None);
    }
}
