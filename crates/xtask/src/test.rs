//! `cargo xtask test`: every test there is.

use std::process::Command;

use crate::run::{Clock, Result, cargo, has, root, run, target};

/// What the SDK tests install: the official clients, pinned.
const SDKS: [&str; 2] = ["openai==3.54.0", "anthropic==2.12.0"];

pub(crate) fn all() -> Result {
    let mut clock = Clock::default();
    let result = steps(&mut clock);
    clock.report();
    result
}

fn steps(clock: &mut Clock) -> Result {
    let shared = std::env::var_os("TOWERMAN_SHARED")
        .map_or_else(|| root().join("../shared/data"), Into::into);
    if !shared.join("wire").is_dir() {
        let wanted = std::env::var_os("CI").is_some();
        println!("RECORDED TRAFFIC NOT RUN: there is no {}", shared.display());
        if wanted {
            return Err("recorded traffic must be present under CI".into());
        }
    }
    clock.step("install what is missing", || {
        if !has("cargo", &["nextest", "--version"]) {
            run(cargo().args(["install", "cargo-nextest", "--locked"]))?;
        }
        install_sdks()
    })?;
    clock.step("build the gateway", || {
        run(cargo().args(["build", "--locked", "--package", "towerman-gateway"]))
    })?;
    clock.step("build the tests", || {
        run(cargo().args([
            "nextest",
            "run",
            "--locked",
            "--workspace",
            "--all-features",
            "--no-run",
        ]))
    })?;
    clock.step("run the tests", || {
        run(cargo().args([
            "nextest",
            "run",
            "--locked",
            "--workspace",
            "--all-features",
            "--no-fail-fast",
        ]))
    })?;
    clock.step("run the documentation's examples", || {
        run(cargo().args(["test", "--locked", "--doc", "--workspace", "--all-features"]))
    })
}

/// Makes a virtual environment with the official SDKs, unless it is there already.
pub(crate) fn install_sdks() -> Result {
    let venv = target().join("sdk-venv");
    let python = venv.join("bin/python");
    let stamp = venv.join("installed.txt");
    let wanted = SDKS.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&venv))?;
    run(Command::new(python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(SDKS))?;
    std::fs::write(&stamp, wanted).map_err(|error| error.to_string())
}
