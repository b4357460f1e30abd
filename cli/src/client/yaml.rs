//! YAML as a tree of text, for `clouds.yaml`.
//!
//! # Invariant
//! A scalar is the text that stands in the file: a password `0123` or `no` stays what was
//! written, quotes or not. That is why no reader into typed values is used.

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use std::collections::BTreeMap;

/// A file of this kind is a page or two.
const NODES_MAX: usize = 10_000;
const DEPTH_MAX: usize = 32;
/// The key under which a map takes over another one.
const MERGE: &str = "<<";

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// A scalar; empty where the file says nothing.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Map(BTreeMap<String, Node>),
}

impl Node {
    /// What stands under a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(map) => map.get(key),
            Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The text, unless it is none or empty.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            Self::Text(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    fn count(&self) -> usize {
        1 + match self {
            Self::Text(_) => 0,
            Self::List(items) => items.iter().map(Self::count).sum(),
            Self::Map(map) => map.values().map(Self::count).sum(),
        }
    }
}

/// Reads the first document of a file.
pub(crate) fn read(source: &str) -> Result<Node, String> {
    let events = Parser::new_from_str(source);
    let mut reader = Reader { events, anchors: BTreeMap::new(), left: NODES_MAX };
    loop {
        match reader.next()? {
            Event::StreamEnd => return Ok(Node::Map(BTreeMap::new())),
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
            event @ (Event::Alias(_)
            | Event::Scalar(..)
            | Event::SequenceStart(..)
            | Event::SequenceEnd
            | Event::MappingStart(..)
            | Event::MappingEnd) => return reader.node(event, DEPTH_MAX),
        }
    }
}

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
    anchors: BTreeMap<usize, Node>,
    /// How many nodes may still come, those behind an alias counted each time.
    left: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, String> {
        match self.events.next() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => Err(error.to_string()),
            None => Ok(Event::StreamEnd),
        }
    }

    /// The node that begins with `event`.
    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Node, String> {
        let depth = depth.checked_sub(1).ok_or("it is nested too deeply")?;
        self.take(1)?;
        let (node, anchor) = match event {
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned().ok_or("an alias of nothing")?;
                self.take(node.count())?;
                return Ok(node);
            }
            Event::Scalar(text, style, anchor, _) => {
                let is_null = style == ScalarStyle::Plain && is_null(&text);
                let text = if is_null { String::new() } else { text.into_owned() };
                (Node::Text(text), anchor)
            }
            Event::SequenceStart(anchor, _) => (self.list(depth)?, anchor),
            Event::MappingStart(anchor, _) => (self.map(depth)?, anchor),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err("it ends too early".to_owned()),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Node, String> {
        let mut items = Vec::new();
        loop {
            let event = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Node::List(items));
            }
            items.push(self.node(event, depth)?);
        }
    }

    fn map(&mut self, depth: usize) -> Result<Node, String> {
        let mut map = BTreeMap::new();
        let mut merged = Vec::new();
        loop {
            let event = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let Node::Text(key) = self.node(event, depth)? else {
                return Err("a key is not a text".to_owned());
            };
            let event = self.next()?;
            let value = self.node(event, depth)?;
            if key == MERGE {
                merged.push(value);
            } else if map.insert(key.clone(), value).is_some() {
                return Err(format!("the key {key} stands there twice"));
            }
        }
        for node in merged {
            take_over(&mut map, node);
        }
        Ok(Node::Map(map))
    }

    fn take(&mut self, count: usize) -> Result<(), String> {
        self.left = self.left.checked_sub(count).ok_or("it is too large")?;
        Ok(())
    }
}

/// What a map says itself goes before what it takes over.
fn take_over(map: &mut BTreeMap<String, Node>, node: Node) {
    match node {
        Node::Map(other) => {
            for (key, value) in other {
                map.entry(key).or_insert(value);
            }
        }
        Node::List(nodes) => nodes.into_iter().for_each(|node| take_over(map, node)),
        Node::Text(_) => {}
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'a>(node: &'a Node, path: &str) -> Option<&'a str> {
        path.split('.').try_fold(node, |node, key| node.get(key))?.text()
    }

    #[test]
    fn scalars_stay_what_was_written() {
        let node = read("a: 0123\nb: no\nc: \"x\\\"y\"\nd: ~\ne: '~'\nf:\ng: 1e3 # why\n").unwrap();
        assert_eq!(at(&node, "a"), Some("0123"));
        assert_eq!(at(&node, "b"), Some("no"));
        assert_eq!(at(&node, "c"), Some("x\"y"));
        assert_eq!((at(&node, "d"), at(&node, "f")), (None, None));
        assert_eq!((at(&node, "e"), at(&node, "g")), (Some("~"), Some("1e3")));
    }

    #[test]
    fn maps_nest_and_take_over_others() {
        let node = read("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\n").unwrap();
        assert_eq!((at(&node, "y.a"), at(&node, "y.b")), (Some("1"), Some("3")));
        assert_eq!(read("l: [1, {a: b}]").unwrap().get("l").unwrap().text(), None);
    }

    #[test]
    fn what_is_no_tree_of_text_is_refused() {
        for (source, word) in [
            ("a: [1", ""),
            ("a: *nothing", ""),
            ("? [a]\n: b\n", "key"),
            ("a: 1\na: 2\n", "twice"),
            (&"[".repeat(200), ""),
        ] {
            let error = read(source).unwrap_err();
            assert!(error.contains(word), "{source}: {error}");
        }
        assert_eq!(read("# nothing\n").unwrap(), Node::Map(BTreeMap::new()));
    }

    #[test]
    fn aliases_of_aliases_do_not_grow_without_limit() {
        let mut source = "l0: &l0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let below = format!("*l{}, ", level - 1).repeat(9);
            source.push_str(&format!("l{level}: &l{level} [{below}]\n"));
        }
        assert!(read(&source).unwrap_err().contains("too large"));
    }
}
