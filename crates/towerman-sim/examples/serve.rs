//! Serves one simulated provider until Ctrl-C: `cargo run --example serve -- gemini 127.0.0.1:8091`.

use std::{error::Error, time::Duration};

use towerman_sim::{Model, Sim};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let dialect = args.next().unwrap_or_else(|| "openai".to_owned());
    let addr = args
        .next()
        .unwrap_or_else(|| "127.0.0.1:8090".to_owned())
        .parse()?;
    let builder = match dialect.as_str() {
        "anthropic" => Sim::anthropic("sim"),
        "bedrock" => Sim::bedrock("sim"),
        "cohere" => Sim::cohere("sim"),
        "gemini" => Sim::gemini("sim"),
        "ollama" => Sim::ollama("sim"),
        "openai" => Sim::openai("sim"),
        "responses" => Sim::openai_responses("sim"),
        other => return Err(format!("unknown dialect: {other}").into()),
    };
    let pace = Model::new("sim-1")
        .first_token(Duration::from_millis(300))
        .per_token(Duration::from_millis(20));
    let sim = builder.model(pace).build();
    let server = sim.serve_on(addr).await?;
    let path = sim.dialect().path_for("sim-1", false);
    println!("{dialect}, model sim-1, at {}{path}", server.base_url());
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    println!("{:?}", sim.book().totals());
    Ok(())
}
