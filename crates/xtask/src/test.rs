//! `cargo xtask test`: every test there is.

use crate::{
    fuzz,
    run::{Clock, Result, cargo, has, root, run},
    sdks,
};

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
        sdks::install()
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
    clock.step("feed broken bytes to every parser", || {
        fuzz::all(&fuzz::Options::default())
    })?;
    clock.step("run the documentation's examples", || {
        run(cargo().args(["test", "--locked", "--doc", "--workspace", "--all-features"]))
    })
}
