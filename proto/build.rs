//! Compiles the `.proto` files without `protoc`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=trove");
    let mut files = Vec::new();
    collect(Path::new("trove"), &mut files)?;
    files.sort();
    let descriptors = protox::compile(&files, ["."])?;
    prost_build::Config::new()
        // A map must have one encoding only, since the log hashes what it stores.
        .btree_map(["."])
        // The comments' markdown is for readers of the .proto files, not for rustdoc.
        .disable_comments(["."])
        .include_file("generated.rs")
        .compile_fds(descriptors)?;
    Ok(())
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
