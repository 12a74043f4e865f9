//! The official SDKs that tests drive the gateway with, pinned, under `target`.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use crate::run::{Result, root, run, target};

/// From the Python package index, by environment: some cannot live in one.
const PYTHON: [(&str, &[&str]); 2] = [
    (
        "sdk-venv",
        &[
            "anthropic==2.12.0",
            "boto3==1.44.5",
            "cohere==7.3.1",
            "google-genai==3.4.0",
            "groq==1.7.0",
            "mistralai==3.7.0",
            "ollama==0.6.3",
            "openai==3.54.0",
        ],
    ),
    // Older majors that many still run, and what wants other versions than the above.
    (
        "sdk-venv-older",
        &[
            "anthropic==1.17.0",
            "google-genai==2.34.0",
            "langchain-openai==1.7.3",
        ],
    ),
];

/// What the Node SDKs want at least, and what is installed where there is none.
const NODE: u32 = 22;
const NODE_PACKAGE: &str = "node@22.23.3";

/// What belongs beside the Node SDKs.
const FILES: [&str; 4] = [
    "package.json",
    "package-lock.json",
    "drive.mjs",
    "aimock.mjs",
];

/// Installs what is not there yet. Several may ask at once: they take turns.
pub(crate) fn install() -> Result {
    let words = |error: std::io::Error| error.to_string();
    fs::create_dir_all(target()).map_err(words)?;
    let lock = File::create(target().join("sdks.lock")).map_err(words)?;
    lock.lock().map_err(words)?;
    python()?;
    node()
}

fn python() -> Result {
    for (name, packages) in PYTHON {
        let venv = target().join(name);
        once(&venv, &packages.join("\n"), || {
            run(Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&venv))?;
            run(Command::new(venv.join("bin/python"))
                .args(["-m", "pip", "install", "--quiet"])
                .arg("--disable-pip-version-check")
                .args(packages))
        })?;
    }
    Ok(())
}

fn node() -> Result {
    let folder = target().join("sdk-node");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    for file in FILES {
        let from = root().join("tests/sdk/node").join(file);
        fs::copy(&from, folder.join(file))
            .map_err(|error| format!("{}: {error}", from.display()))?;
    }
    let wanted = fs::read_to_string(folder.join("package-lock.json"));
    once(&folder, &wanted.map_err(|error| error.to_string())?, || {
        run(npm(&folder).arg("ci"))?;
        let node = interpreter()?;
        fs::write(folder.join("node.txt"), node.to_string_lossy().as_bytes())
            .map_err(|error| error.to_string())
    })
}

/// A Node that is new enough: the machine's, or else one of our own.
fn interpreter() -> Result<PathBuf> {
    let version = Command::new("node").arg("--version").output();
    let major = version.ok().and_then(|output| {
        let version = String::from_utf8(output.stdout).ok()?;
        version.strip_prefix('v')?.split('.').next()?.parse().ok()
    });
    if major.is_some_and(|major: u32| major >= NODE) {
        return Ok("node".into());
    }
    let folder = target().join("sdk-node-runtime");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    run(npm(&folder)
        .args(["install", "--prefix"])
        .arg(&folder)
        .arg(NODE_PACKAGE))?;
    Ok(folder.join("node_modules/.bin/node"))
}

fn npm(folder: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(folder);
    npm.args(["--silent", "--no-audit", "--no-fund"]);
    npm
}

/// Does `work` unless it was done for the same `wanted` before.
fn once(folder: &Path, wanted: &str, work: impl FnOnce() -> Result) -> Result {
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    work()?;
    fs::write(stamp, wanted).map_err(|error| error.to_string())
}
