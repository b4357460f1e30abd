//! The `.proto` files: Buf's STANDARD rules for names, and our own for comments.

use prost_reflect::{
    DescriptorPool, EnumDescriptor, FieldDescriptor, FileDescriptor, MessageDescriptor,
    OneofDescriptor,
};
use std::fs;
use std::path::{Path, PathBuf};

/// The files as `build.rs` compiles them, with their comments.
pub(crate) fn pool() -> DescriptorPool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("trove"), &mut files);
    let descriptors = protox::compile(files, [root]).expect("`build.rs` compiles them too");
    DescriptorPool::from_file_descriptor_set(descriptors).expect("complete")
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a folder of .proto files") {
        let path = entry.expect("a folder of .proto files").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// All messages of our packages, without those that stand for maps.
pub(crate) fn messages(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    pool.all_messages()
        .filter(|message| is_ours(message.package_name()) && !message.is_map_entry())
        .collect()
}

/// All enums of our packages.
pub(crate) fn enums(pool: &DescriptorPool) -> Vec<EnumDescriptor> {
    pool.all_enums().filter(|word| is_ours(word.package_name())).collect()
}

/// Whether a package is one of this crate's.
pub(crate) fn is_ours(package: &str) -> bool {
    package.starts_with("trove.")
}

/// The oneof that a field is a choice of; `optional` is none.
pub(crate) fn oneof(field: &FieldDescriptor) -> Option<OneofDescriptor> {
    field.containing_oneof().filter(|oneof| !oneof.is_synthetic())
}

/// The comment above a declaration, as one line.
pub(crate) fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let source = file.file_descriptor_proto().source_code_info.as_ref().expect("asked for");
    let location = source.location.iter().find(|location| location.path == path);
    let text = location.map(|location| location.leading_comments().to_owned()).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_file_lies_where_its_package_says() {
    for file in pool().files().filter(|file| is_ours(file.package_name())) {
        let directory = file.package_name().replace('.', "/");
        let parent = Path::new(file.name()).parent().unwrap();
        assert_eq!(parent, Path::new(&directory), "{}", file.name());
    }
}

#[test]
fn enum_values_bear_the_name_of_their_enum_and_zero_is_unspecified() {
    for word in enums(&pool()) {
        let prefix = screaming(word.name());
        for value in word.values() {
            assert!(value.name().starts_with(&format!("{prefix}_")), "{}", value.full_name());
        }
        assert_eq!(word.default_value().name(), format!("{prefix}_UNSPECIFIED"));
    }
}

#[test]
fn names_of_fields_and_oneofs_are_snake_case() {
    let snake =
        |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    for message in messages(&pool()) {
        for field in message.fields() {
            assert!(snake(field.name()), "{}", field.full_name());
        }
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            assert!(snake(oneof.name()), "{}", oneof.full_name());
        }
    }
}

#[test]
fn every_message_says_when_it_is_sent_and_every_field_what_absence_means() {
    for message in messages(&pool()) {
        let file = message.parent_file();
        let text = comment(&file, message.path());
        assert!(text.contains("Sent "), "{}: {text}", message.full_name());
        for field in message.fields() {
            let text = comment(&file, field.path());
            let fits = !text.is_empty() && (oneof(&field).is_some() || says_absence(&text));
            assert!(fits, "{}: {text}", field.full_name());
        }
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            let text = comment(&file, oneof.path());
            assert!(says_absence(&text), "{}: {text}", oneof.full_name());
        }
    }
}

#[test]
fn every_enum_value_says_what_it_means() {
    for word in enums(&pool()) {
        let file = word.parent_file();
        assert!(!comment(&file, word.path()).is_empty(), "{}", word.full_name());
        for value in word.values() {
            assert!(!comment(&file, value.path()).is_empty(), "{}", value.full_name());
        }
    }
}

fn says_absence(text: &str) -> bool {
    ["Absent ", "Absence ", "Never absent"].iter().any(|word| text.contains(word))
}

fn screaming(camel: &str) -> String {
    let mut out = String::new();
    for c in camel.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}
