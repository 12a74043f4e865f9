//! What the terminal shows: a table in place, or plain lines.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use towerman::core::Policy;

use super::{traffic::Traffic, watch::Watch};

#[derive(Debug)]
pub(super) struct Screen {
    live: bool,
    /// Lines of the table that stand on the screen now.
    drawn: usize,
    /// Whole seconds (or quarters of one, if live) that were shown.
    shown: u128,
    requests: u64,
    answered: BTreeMap<Arc<str>, u64>,
}

impl Screen {
    pub(super) const fn new(live: bool) -> Self {
        Self {
            live,
            drawn: 0,
            shown: 0,
            requests: 0,
            answered: BTreeMap::new(),
        }
    }

    pub(super) fn begin(
        &self,
        out: &mut impl Write,
        address: SocketAddr,
        length: Duration,
    ) -> io::Result<()> {
        writeln!(
            out,
            "towerman demo: {} s of traffic through http://{address}",
            length.as_secs()
        )?;
        writeln!(
            out,
            "three simulated providers: alpha and gamma (OpenAI's dialect), beta (Anthropic's)\n"
        )
    }

    /// Something happened.
    pub(super) fn say(&mut self, out: &mut impl Write, at: Duration, what: &str) -> io::Result<()> {
        self.wipe(out)?;
        writeln!(out, "{:5.1}s  {what}", at.as_secs_f64())
    }

    /// Time passed: shows what is going on, if it is time to.
    pub(super) fn tick(
        &mut self,
        out: &mut impl Write,
        at: Duration,
        policy: &Policy,
        watch: &Watch,
        traffic: &Traffic,
    ) -> io::Result<()> {
        let period = Duration::from_millis(if self.live { 500 } else { 1_000 });
        let due = at.as_millis() / period.as_millis();
        if due <= self.shown {
            return Ok(());
        }
        self.shown = due;
        let totals = watch.totals();
        let rate = (traffic.requests() - self.requests) as f64 / period.as_secs_f64();
        self.requests = traffic.requests();
        let cached = percent(totals.cached, totals.prompt);
        let rows: Vec<Row> = policy
            .endpoints()
            .iter()
            .map(|endpoint| {
                let count = totals.answered.get(&endpoint.name).copied().unwrap_or(0);
                let before = self
                    .answered
                    .insert(endpoint.name.clone(), count)
                    .unwrap_or(0);
                Row {
                    name: endpoint.name.to_string(),
                    circuit: endpoint.board.circuit().as_str(),
                    rate: (count - before) as f64 / period.as_secs_f64(),
                    in_flight: endpoint.board.in_flight(),
                    first_content: endpoint.board.first_content(),
                }
            })
            .collect();
        if self.live {
            self.wipe(out)?;
            writeln!(
                out,
                "\n        endpoint            circuit     req/s  in flight  first content"
            )?;
            for row in &rows {
                let first = row
                    .first_content
                    .map_or_else(|| "–".into(), |time| format!("{} ms", time.as_millis()));
                writeln!(
                    out,
                    "        {:18}  {:9}  {:6.0}  {:9}  {first:>13}",
                    row.name, row.circuit, row.rate, row.in_flight
                )?;
            }
            writeln!(
                out,
                "        {rate:.0} req/s, {} failovers, {} failed for clients, {cached:.0} % of prompts read from cache",
                totals.failovers,
                traffic.failures(),
            )?;
            self.drawn = rows.len() + 3;
        } else {
            let shares: Vec<String> = rows
                .iter()
                .map(|row| {
                    let circuit = if row.circuit == "closed" {
                        String::new()
                    } else {
                        format!(" ({})", row.circuit)
                    };
                    format!("{} {:.0}/s{circuit}", row.name, row.rate)
                })
                .collect();
            writeln!(
                out,
                "{:5.1}s  {rate:3.0} req/s: {}; {} failovers, {} failed, {cached:.0} % cached",
                at.as_secs_f64(),
                shares.join(", "),
                totals.failovers,
                traffic.failures(),
            )?;
        }
        out.flush()
    }

    /// Takes the table away, for good.
    pub(super) fn end(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.wipe(out)?;
        writeln!(out)
    }

    fn wipe(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.drawn > 0 {
            write!(out, "\x1b[{}A\x1b[J", self.drawn)?;
            self.drawn = 0;
        }
        Ok(())
    }
}

struct Row {
    name: String,
    circuit: &'static str,
    rate: f64,
    in_flight: u32,
    first_content: Option<Duration>,
}

pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 * 100.0 / whole as f64
    }
}
