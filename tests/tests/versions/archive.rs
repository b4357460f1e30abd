//! Package archives that fail the fetcher: one that does not answer, and one whose signature does
//! not fit. They take the place of the host's own by a wall that bubblewrap builds.

use anyhow::Context as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use tempfile::TempDir;
use testkit::stack::{OwnImages, Refusal, Trove, images_dir, program};

/// Runs a command to whom the archive is at `address`, and that must be refused.
pub(super) fn refused_with(
    trove: &Trove,
    (images, address): (&OwnImages, &str),
    arguments: &str,
) -> anyhow::Result<Refusal> {
    let apt = sources(address)?;
    let bwrap = images.store()?.ensure_tools()?.bwrap;
    let programs = program("trove")?;
    let places = [images.path().as_path(), trove.state(), programs.parent().unwrap()]
        .map(|path| path.to_str().unwrap().to_owned());
    let [images, state, programs] = &places;
    // Not all of the root: with it came every volume that is mounted now, and stayed busy.
    let words = [
        [bwrap.to_str().unwrap(), "--tmpfs", "/tmp", "--ro-bind", "/usr", "/usr"],
        ["--ro-bind", "/etc", "/etc", "--ro-bind", apt.path().to_str().unwrap(), "/etc/apt"],
        ["--symlink", "usr/bin", "/bin", "--symlink", "usr/sbin", "/sbin"],
        ["--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"],
        ["--ro-bind", "/proc", "/proc", "--ro-bind", programs, programs],
        ["--bind", images, images, "--ro-bind", state, state],
    ]
    .concat();
    // As root everybody must get to the images; what is in between was made for us alone.
    let above = Path::new(images).ancestors().skip(1).filter(|path| path.parent().is_some());
    let opened = above.flat_map(|path| ["--chmod", "0755", path.to_str().unwrap()]);
    let words: Vec<_> = words.into_iter().chain(opened).chain(["--dev", "/dev", "--"]).collect();
    Trove::refusal_of(trove.command_through(&words, arguments)?)
}

/// What stands for `/etc/apt`.
fn sources(address: &str) -> anyhow::Result<TempDir> {
    let directory = tempfile::Builder::new().prefix("ta-").tempdir()?;
    let lines = format!(
        "deb {address}/debian bookworm main\ndeb {address}/debian bookworm-security main\n"
    );
    fs::write(directory.path().join("sources.list"), lines)?;
    Ok(directory)
}

/// Where nobody listens.
pub(super) const NOBODY: &str = "http://127.0.0.1:9";

/// Serves the index of Debian 13 with a changed letter in it, for as long as the test runs; gives
/// its address.
pub(super) fn serve_changed_index() -> anyhow::Result<String> {
    let lists = images_dir()?.join("apt/trixie/lists");
    let index = find(&lists, "_dists_trixie_InRelease")?;
    let changed = index.replacen("Origin: Debian", "Origin: Debiam", 1);
    anyhow::ensure!(changed != index, "the index does not say where it comes from");
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever hangs up early has what he came for.
            drop(answer(stream, &changed));
        }
    });
    Ok(address)
}

fn answer(mut stream: std::net::TcpStream, index: &str) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let is_index = first.contains("/dists/trixie/InRelease");
    let (status, body) = if is_index { ("200 OK", index) } else { ("404 Not Found", "") };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn find(directory: &Path, suffix: &str) -> anyhow::Result<String> {
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        if path.to_str().is_some_and(|path| path.ends_with(suffix)) {
            return Ok(fs::read_to_string(path)?);
        }
    }
    anyhow::bail!("nothing ends with {suffix} in {}", directory.display())
}
