//! The gateway and a bare hyper proxy, one after the other on one core, in the same run.

use std::{collections::BTreeMap, env, fs, path::Path, process::Command};

use serde_json::Value;

use crate::run::{self, Result, cargo, root, target};

/// Phases of the runner, and what is read from each.
const PHASES: [(&str, &str, Reading); 9] = [
    (
        "c16",
        "CPU per request, 1 KB, 16 connections (µs)",
        Reading::CpuPerRequest,
    ),
    (
        "c64",
        "CPU per request, 1 KB, 64 connections (µs)",
        Reading::CpuPerRequest,
    ),
    (
        "k100c16",
        "CPU per request, 100 KB, 16 connections (µs)",
        Reading::CpuPerRequest,
    ),
    (
        "c1",
        "latency p50, 1 KB, 1 connection (µs)",
        Reading::Latency,
    ),
    // Its first chunk has no content, which comes a millisecond later: the gateway waits for it.
    (
        "ttfc",
        "time to first chunk p50, paced (µs)",
        Reading::FirstChunk,
    ),
    // Here the content is there at once.
    (
        "s1",
        "time to first content p50, unpaced (µs)",
        Reading::FirstChunk,
    ),
    (
        "s1",
        "unpaced stream of 200 chunks p50 (µs)",
        Reading::Latency,
    ),
    (
        "p32",
        "CPU per paced chunk, 32 streams (µs)",
        Reading::CpuPerChunk,
    ),
    ("start", "memory when idle (MiB)", Reading::Memory),
];

#[derive(Clone, Copy, Debug)]
enum Reading {
    CpuPerRequest,
    CpuPerChunk,
    Latency,
    FirstChunk,
    Memory,
}

const CONFIG: &str = r#"[server]
listen = "127.0.0.1:9190"

[providers]
mock = { dialect = "openai-chat", url = "http://127.0.0.1:9001" }
spare = { dialect = "openai-chat", url = "http://127.0.0.1:9002" }

[endpoints."mock/mock"]
price = { input = "1.25", cache_read = "0.125", output = "10" }

[routes]
mock = ["mock/mock", "spare/mock"]
"#;

pub(crate) fn run(reps: u32, scale: f64) -> Result {
    let runner = env::var_os("TOWERMAN_SHARED")
        .map_or_else(
            || root().join("../shared"),
            |data| Path::new(&data).join(".."),
        )
        .join("bench/run.py");
    if !runner.is_file() {
        println!("SIDE BY SIDE NOT RUN: there is no {}", runner.display());
        return Ok(());
    }
    run::run(cargo().args([
        "build",
        "--locked",
        "--release",
        "--package",
        "towerman-gateway",
    ]))?;
    let work = target().join("side-by-side");
    let results = work.join("results.jsonl");
    fs::create_dir_all(&work).map_err(|error| error.to_string())?;
    let _ = fs::remove_file(&results);
    let config = work.join("towerman.toml");
    fs::write(&config, CONFIG).map_err(|error| error.to_string())?;
    let extra = work.join("extra.py");
    let gateway = target().join("release/towerman");
    let entry = format!(
        "EXTRA = [dict(name='towerman', start=[{gateway:?}, 'serve', '--config', {config:?}], \
         url='http://127.0.0.1:9190/v1/chat/completions')]\n"
    );
    fs::write(&extra, entry).map_err(|error| error.to_string())?;
    run::run(
        Command::new("python3")
            .arg(&runner)
            .args(["--only", "direct,direct-cross,bare-pass,towerman"])
            .args(["--reps", &reps.to_string(), "--scale", &scale.to_string()])
            .arg("--out")
            .arg(&results)
            .env("BENCH_WORK", &work)
            .env("BENCH_EXTRA", &extra),
    )?;
    report(&results)
}

/// Prints medians and ratios.
fn report(results: &Path) -> Result {
    let text = fs::read_to_string(results).map_err(|error| error.to_string())?;
    let mut samples: BTreeMap<(String, String), Vec<Value>> = BTreeMap::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let field = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        samples
            .entry((field("gw"), field("ph")))
            .or_default()
            .push(row);
    }
    let median = |gateway: &str, phase: &str, reading: Reading| {
        let rows = samples.get(&(gateway.to_owned(), phase.to_owned()))?;
        let mut values: Vec<f64> = rows.iter().filter_map(|row| reading.of(row)).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    println!(
        "\n{:48} {:>10} {:>10} {:>7}",
        "", "bare", "towerman", "ratio"
    );
    for (phase, what, reading) in PHASES {
        let (bare, ours) = (
            median("bare-pass", phase, reading),
            median("towerman", phase, reading),
        );
        if let (Some(bare), Some(ours)) = (bare, ours) {
            println!("{what:48} {bare:10.1} {ours:10.1} {:6.2}×", ours / bare);
        }
    }
    let starts = samples.get(&("towerman".to_owned(), "start".to_owned()));
    for row in starts.into_iter().flatten() {
        println!(
            "start {:.0} ms",
            row["startup_s"].as_f64().unwrap_or(f64::NAN) * 1e3
        );
    }
    let failed: f64 = samples
        .iter()
        .filter(|((gateway, _), _)| gateway == "towerman")
        .flat_map(|(_, rows)| rows)
        .filter_map(|row| row["err"].as_f64())
        .sum();
    println!("failed requests {failed}");
    Ok(())
}

impl Reading {
    fn of(self, row: &Value) -> Option<f64> {
        let number = |value: &Value| value.as_f64();
        match self {
            Self::CpuPerRequest => Some(number(&row["cpu"])? / number(&row["ok"])?.max(1.0) * 1e6),
            Self::CpuPerChunk => {
                Some(number(&row["cpu"])? / number(&row["chunks"])?.max(1.0) * 1e6)
            }
            Self::Latency => Some(number(&row["lat"]["p50"])? * 1e3),
            Self::FirstChunk => Some(number(&row["ttfc"]["p50"])? * 1e3),
            Self::Memory => number(&row["rss_idle"]),
        }
    }
}
