//! What the API answers, as tables for people.
//!
//! # Invariant
//! Nothing that comes from the service can steer the terminal: control characters are shown as
//! escapes.

use comfy_table::{ContentLineStyle, LineStyle, Table, TableStyle};
use serde_json::Value;

/// A column: its title, and the path of its values within an entry.
pub(crate) type Column = (&'static str, &'static str);

/// Shown first in a record, in this order; everything else follows by the alphabet.
const FIRST: [&str; 4] = ["id", "name", "status", "operating_status"];
/// For programs only.
const HIDDEN: &str = "links";

/// One line per entry.
pub(crate) fn list(columns: &[Column], entries: &[Value]) -> String {
    let titles = columns.iter().map(|(title, _)| (*title).to_owned()).collect();
    let rows = entries
        .iter()
        .map(|entry| columns.iter().map(|(_, path)| text(at(entry, path))).collect())
        .collect();
    draw(titles, rows)
}

/// One line per field; objects inside are spread out by dotted names.
pub(crate) fn record(value: &Value) -> String {
    let mut rows = Vec::new();
    spread("", value, &mut rows);
    draw(vec!["Field".to_owned(), "Value".to_owned()], rows)
}

fn draw(titles: Vec<String>, rows: Vec<Vec<String>>) -> String {
    let style = TableStyle::new()
        .top_border(LineStyle::new('+', '-', '+', '+'))
        .header_lines(ContentLineStyle::new('|', '|', '|'))
        .header_separator(LineStyle::new('+', '-', '+', '+'))
        .content_lines(ContentLineStyle::new('|', '|', '|'))
        .bottom_border(LineStyle::new('+', '-', '+', '+'));
    let mut table = Table::new();
    table.load_style(style).set_header(titles).add_rows(rows);
    table.to_string()
}

fn at<'a>(entry: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(entry, |value, key| &value[key])
}

fn spread(name: &str, value: &Value, rows: &mut Vec<Vec<String>>) {
    let Value::Object(fields) = value else {
        rows.push(vec![printable(name), text(value)]);
        return;
    };
    let first = FIRST.iter().filter_map(|key| fields.get_key_value(*key));
    let others = fields.iter().filter(|(key, _)| !FIRST.contains(&key.as_str()));
    for (key, value) in first.chain(others).filter(|(key, _)| *key != HIDDEN) {
        let dotted = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
        spread(&dotted, value, rows);
    }
}

/// A value in one line.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => printable(text),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(_) => object(value),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// An address, something with a name or an id, or else the JSON.
fn object(value: &Value) -> String {
    if let Some(address) = value["address"].as_str() {
        let port = value["port"].as_u64().map(|port| format!(":{port}")).unwrap_or_default();
        return printable(&format!("{address}{port}"));
    }
    let word = value["name"].as_str().or_else(|| value["id"].as_str());
    printable(&word.map_or_else(|| value.to_string(), str::to_owned))
}

/// The text with its control characters escaped.
pub(crate) fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, char| {
        if char.is_control() {
            shown.extend(char.escape_default());
        } else {
            shown.push(char);
        }
        shown
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_has_its_columns_in_order_and_blanks_where_nothing_is() {
        let entries = [json!({"name": "b", "flavor": {"id": "1"}}), json!({"name": null})];
        let drawn = list(&[("Name", "name"), ("Flavor", "flavor.id")], &entries);
        let expected = "\
+------+--------+
| Name | Flavor |
+------+--------+
| b    | 1      |
|      |        |
+------+--------+";
        assert_eq!(drawn, expected);
    }

    #[test]
    fn a_record_begins_with_its_identity_and_hides_links() {
        let drawn = record(&json!({
            "created": "then", "id": "1", "links": [{"href": "h"}], "volume": {"size": 2},
            "addresses": [{"address": "127.0.0.2", "port": 3306}], "name": "n",
            "databases": [{"name": "a"}, {"name": "b"}],
        }));
        let rows: Vec<Vec<&str>> = drawn
            .lines()
            .filter(|line| line.starts_with('|'))
            .map(|line| line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect())
            .collect();
        assert_eq!(
            rows,
            [
                ["Field", "Value"],
                ["id", "1"],
                ["name", "n"],
                ["addresses", "127.0.0.2:3306"],
                ["created", "then"],
                ["databases", "a, b"],
                ["volume.size", "2"],
            ]
        );
    }

    #[test]
    fn wide_letters_keep_the_columns_straight() {
        let drawn =
            list(&[("Name", "name")], &[json!({"name": "数据库"}), json!({"name": "abcdef"})]);
        assert!(drawn.contains("| 数据库 |") && drawn.contains("| abcdef |"), "{drawn}");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        let drawn = list(&[("Name", "name")], &[json!({"name": "a\u{1b}[2Jb\nc"})]);
        assert!(drawn.contains("a\\u{1b}[2Jb\\nc"), "{drawn}");
    }
}
