#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! What is written is what the policy says.

mod support;

use std::{path::Path, time::Duration};

use support::{parse, with};
use towerman_core::{
    Dialect, Price, Priority, Schemas, Target,
    policy::{BreakerRules, Class, FailoverRules, Policy},
};
use towerman_policy::{Config, REFERENCE, ServerConfig};

fn policy(more: &str) -> std::sync::Arc<Policy> {
    parse(&with(more)).unwrap().compile().unwrap().load()
}

#[test]
fn six_lines_route_one_model_over_two_providers() {
    let text = r#"[providers]
openai    = { key = "env:OPENAI_API_KEY" }
anthropic = { key = "env:ANTHROPIC_API_KEY" }

[routes]
chat = ["openai/gpt-5", "anthropic/claude-opus-5"]
"#;
    let policy = parse(text).unwrap().compile().unwrap().load();
    let chat = policy.route("chat").unwrap();
    assert_eq!((&*chat.strategy, chat.affinity), ("priority", true));
    let facts = |index: usize| {
        let endpoint = &chat.choices[index].endpoint;
        let Target::Url(url) = &endpoint.provider.target else {
            panic!("a server");
        };
        let provider = &endpoint.provider;
        (
            provider.dialect,
            url.to_string(),
            endpoint.model.to_string(),
        )
    };
    let of = |dialect, url: &str, model: &str| (dialect, url.to_owned(), model.to_owned());
    assert_eq!(
        facts(0),
        of(Dialect::OpenAiChat, "https://api.openai.com/", "gpt-5")
    );
    assert_eq!(
        facts(1),
        of(
            Dialect::Anthropic,
            "https://api.anthropic.com/",
            "claude-opus-5"
        )
    );

    let header = |index: usize, name: &str| {
        let value = chat.choices[index].endpoint.provider.headers[name].clone();
        (value.to_str().unwrap().to_owned(), value.is_sensitive())
    };
    let secret = |text: &str| (text.to_owned(), true);
    assert_eq!(
        header(0, "authorization"),
        secret("Bearer hush-OPENAI_API_KEY")
    );
    assert_eq!(header(1, "x-api-key"), secret("hush-ANTHROPIC_API_KEY"));
    assert_eq!(
        header(1, "anthropic-version"),
        ("2023-06-01".to_owned(), false)
    );
    assert!(!policy.requires_key());
}

#[test]
fn prices_are_exact_and_fill_each_other_in() {
    let price = |written: &str| {
        let more = format!("[endpoints.\"openai/gpt-5\"]\nprice = {{ {written} }}\n");
        let policy = policy(&more);
        policy.endpoints()[0].price.unwrap()
    };
    assert_eq!(
        price(r#"input = "1.25", cache_read = "0.125", output = "10""#),
        Price {
            input: 1_250_000,
            cache_read: 125_000,
            cache_write: 1_250_000,
            cache_write_long: 1_250_000,
            output: 10_000_000,
        }
    );
    assert_eq!(
        price("input = 5, cache_read = 0.5, cache_write = 6.25, output = 25.0"),
        Price {
            input: 5_000_000,
            cache_read: 500_000,
            cache_write: 6_250_000,
            cache_write_long: 6_250_000,
            output: 25_000_000,
        }
    );
    // Neither is a binary fraction: read through one, they would be off by a pico-dollar or not.
    let odd = price("input = 0.300003, cache_write_1h = 4.35, output = 1_000.1");
    assert_eq!((odd.input, odd.cache_read), (300_003, 300_003));
    assert_eq!(
        (odd.cache_write_long, odd.output),
        (4_350_000, 1_000_100_000)
    );
    assert_eq!(price("input = 0, output = 0"), Price::default());
}

#[test]
fn an_endpoint_says_what_is_known_of_it() {
    let policy = policy(
        "[endpoints.\"openai/gpt-5\"]\nmodel = \"gpt-5-2026\"\ncontext_window = 400_000\n\
         quality = 90\ntools = false\nmedia = false\nschemas = \"tool\"\n",
    );
    let [known, unknown] = policy.endpoints() else {
        panic!("two endpoints");
    };
    assert_eq!(
        (&*known.name, &*known.model),
        ("openai/gpt-5", "gpt-5-2026")
    );
    assert_eq!(
        (known.context_window, known.quality),
        (Some(400_000), Some(90))
    );
    assert!(!known.capabilities.tools && !known.capabilities.media);
    assert_eq!(known.capabilities.schemas, Schemas::Tool);
    assert!(unknown.capabilities.tools && unknown.capabilities.media);
    assert_eq!(unknown.capabilities.schemas, Schemas::Native);
    assert_eq!((unknown.price, unknown.quality), (None, None));
}

#[test]
fn a_route_in_its_long_form() {
    let policy = policy(
        "[routes.bulk]\nendpoints = [{ endpoint = \"openai/a/b\", weight = 3 }, \"openai/c\"]\n\
         strategy = \"weighted\"\naffinity = false\nmin_quality = 80\nstrict = true\n\
         [endpoints]\n\"openai/a/b\".quality = 80\n\"openai/c\".quality = 90\n",
    );
    let bulk = policy.route("bulk").unwrap();
    let choices: Vec<(&str, u32)> = bulk
        .choices
        .iter()
        .map(|choice| (&*choice.endpoint.model, choice.weight))
        .collect();
    assert_eq!(choices, [("a/b", 3), ("c", 1)]);
    assert_eq!(
        (
            &*bulk.strategy,
            bulk.affinity,
            bulk.min_quality,
            bulk.strict
        ),
        ("weighted", false, Some(80), true)
    );
}

#[test]
fn a_strategy_of_ones_own_can_be_named_once_it_is_known() {
    let text = with(
        "[routes.mine]\nendpoints = [{ endpoint = \"openai/x\", weight = 2 }]\nstrategy = \"greenest\"\n",
    );
    assert!(parse(&text).is_err());
    let loader = support::loader().strategy("greenest");
    let config = loader.parse(&text, Path::new("towerman.toml")).unwrap();
    assert_eq!(config.draft.routes[1].strategy, "greenest");
}

#[test]
fn a_provider_may_be_the_wrapped_service_or_anybodys_server() {
    let policy = policy(
        r#"routes.more = ["here/x", "there/y", "deepseek/z", "ollama/w", "groq/v"]
        providers.here = { target = "inner", dialect = "openai-chat" }
        providers.deepseek = { dialect = "anthropic", url = "https://api.deepseek.com/anthropic", key = "env:DEEPSEEK_API_KEY" }
        providers.ollama = {}
        providers.groq = { url = "http://egress.internal/groq" }
        [providers.there]
        dialect = "anthropic"
        url = "http://10.0.0.1:8000/base"
        headers = { x-team = "search", authorization = "env:BEARER", anthropic-version = "2026-10-21" }
        "#,
    );
    let route = policy.route("more").unwrap();
    let facts: Vec<String> = route
        .choices
        .iter()
        .map(|choice| {
            let provider = &choice.endpoint.provider;
            let names: Vec<&str> = provider.headers.keys().map(|name| name.as_str()).collect();
            let at = match &provider.target {
                Target::Url(url) => url.to_string(),
                _ => "inner".into(),
            };
            format!(
                "{} {} {at} {}",
                provider.name,
                provider.dialect,
                names.join(",")
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            "here openai-chat inner ",
            "there anthropic http://10.0.0.1:8000/base anthropic-version,x-team,authorization",
            "deepseek anthropic https://api.deepseek.com/anthropic anthropic-version,x-api-key",
            "ollama openai-chat http://127.0.0.1:11434/ ",
            "groq openai-chat http://egress.internal/groq ",
        ]
    );
    let headers = &route.choices[1].endpoint.provider.headers;
    assert_eq!(headers["authorization"], "Bearer hush-BEARER");
    assert_eq!(headers["anthropic-version"], "2026-10-21");
    assert!(headers["x-team"].is_sensitive());
}

#[test]
fn a_host_of_aws_takes_a_key_or_signs_for_its_region() {
    let policy = policy(
        r#"routes.more = ["anthropic-bedrock/x", "signed/y", "proxied/z"]
        providers.anthropic-bedrock = { region = "us-east-1", key = "env:AWS_BEARER_TOKEN_BEDROCK" }
        [providers.signed]
        profile = "anthropic-bedrock"
        region = "env:AWS_REGION"
        access_key_id = "env:AWS_ACCESS_KEY_ID"
        secret_access_key = "env:AWS_SECRET_ACCESS_KEY"
        session_token = "env:AWS_SESSION_TOKEN"
        [providers.proxied]
        profile = "anthropic-bedrock"
        url = "http://egress.internal/aws"
        region = "eu-north-1"
        access_key_id = "env:A_KEY"
        secret_access_key = "env:B_KEY"
        "#,
    );
    let route = policy.route("more").unwrap();
    let providers: Vec<_> = route.choices.iter().map(|c| &c.endpoint.provider).collect();
    let urls = providers.iter().map(|provider| match &provider.target {
        Target::Url(url) => url.to_string(),
        _ => "inner".into(),
    });
    assert_eq!(
        urls.collect::<Vec<_>>(),
        [
            "https://bedrock-runtime.us-east-1.amazonaws.com/",
            "https://bedrock-runtime.eu-west-1.amazonaws.com/",
            "http://egress.internal/aws",
        ]
    );
    let authorization = &providers[0].headers["authorization"];
    assert_eq!(authorization, "Bearer hush-AWS_BEARER_TOKEN_BEDROCK");
    assert!(authorization.is_sensitive() && providers[0].signing.is_none());

    let signed = providers[1].signing.as_ref().unwrap();
    assert!(!providers[1].headers.contains_key("authorization"));
    assert_eq!((&*signed.region, signed.service), ("eu-west-1", "bedrock"));
    assert_eq!(signed.access_key_id.expose(), "hush-AWS_ACCESS_KEY_ID");
    assert_eq!(
        signed.secret_access_key.expose(),
        "hush-AWS_SECRET_ACCESS_KEY"
    );
    let token = signed.session_token.as_ref().unwrap();
    assert_eq!(token.expose(), "hush-AWS_SESSION_TOKEN");

    let proxied = providers[2].signing.as_ref().unwrap();
    assert_eq!(&*proxied.region, "eu-north-1");
    assert_eq!(proxied.session_token, None);
}

#[test]
fn a_tenant_is_known_by_the_digest_of_its_key() {
    // SHA-256 of "hush-A_KEY", of "abc" and of "from a file".
    let hex = |digest: &[u8; 32]| {
        digest
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect::<String>()
    };
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("key"), "from a file\r\n").unwrap();
    let text = with(&format!(
        "[tenants.a]\nkeys = [\"env:A_KEY\", \"sha256:{}\", \"file:key\"]\nceiling = \"high\"\n\
         routes = [\"chat\"]\n[tenants.b]\nkeys = [\"env:B_KEY\"]\npriority = \"batch\"\n\
         [tenants.c]\nkeys = [\"env:C_KEY\"]\nceiling = \"low\"\n",
        abc.to_uppercase(),
    ));
    let path = directory.path().join("towerman.toml");
    let config = support::loader().parse(&text, &path).unwrap();
    let keys = &config.draft.tenants[0].keys;
    assert_eq!(
        keys.iter().map(hex).collect::<Vec<_>>(),
        [
            "c1f56a134a93a2575e0147bb56fe66c9a98b0cb43ae71f6d717c054b7ea80993",
            abc,
            "552b49dcb23b4558021df8fda10272de45986bce69dd80283fc0b2a2fa57c209",
        ]
    );
    let policy = config.compile().unwrap().load();
    let a = policy.tenant(&keys[1]).unwrap();
    assert_eq!((a.priority, a.ceiling), (Priority::Normal, Priority::High));
    assert!(a.may_use("chat") && !a.may_use("other"));
    let of = |index: usize| {
        let tenant = policy.tenant(&config.draft.tenants[index].keys[0]).unwrap();
        (tenant.priority, tenant.ceiling)
    };
    assert_eq!(of(1), (Priority::Batch, Priority::Batch));
    assert_eq!(of(2), (Priority::Low, Priority::Low));
}

#[test]
fn every_rule_can_be_set() {
    let config = parse(&with(
        r#"
        [classes.critical]
        first_content = "1s"
        answer = "30s"
        idle = "2s"
        deadline = "3s"
        max_ambiguous = 6
        [classes.low]
        idle = "4s"
        [failover]
        max_attempts = 5
        retry_percent = 7
        hold_back = 8
        max_answer = "9MB"
        [breaker]
        window = "10s"
        window_calls = 11
        min_calls = 2
        failure_percent = 13
        consecutive = 14
        slow_after = "15ms"
        slow_percent = 16
        open_for = "17s"
        open_at_most = "18m"
        probes = 19
        probe_lease = "20s"
        cooldown_at_most = "210s"
        cooldown = "0s"
        [server]
        listen = "[::1]:80"
        metrics = "127.0.0.1:9090"
        body_limit = "1KiB"
        upload_limit = "2s"
        in_flight_limit = 3
        ledger = "ledger.jsonl"
        route_header = false
        drain = "0s"
        grace = "1m"
        "#,
    ))
    .unwrap();
    let secs = Duration::from_secs;
    assert_eq!(
        config.draft.classes[Priority::Critical.index()],
        Class {
            first_content: secs(1),
            answer: secs(30),
            idle: secs(2),
            deadline: secs(3),
            max_ambiguous: 6,
        }
    );
    assert_eq!(
        config.draft.classes[Priority::Low.index()],
        Class {
            idle: secs(4),
            ..Class::default_for(Priority::Low)
        }
    );
    assert_eq!(
        config.draft.failover,
        FailoverRules {
            max_attempts: 5,
            retry_percent: 7,
            hold_back: 8,
            max_answer: 9_000_000
        }
    );
    assert_eq!(
        config.draft.breaker,
        BreakerRules {
            window: secs(10),
            window_calls: 11,
            min_calls: 2,
            failure_percent: 13,
            consecutive: 14,
            slow_after: Duration::from_millis(15),
            slow_percent: 16,
            open_for: secs(17),
            open_at_most: secs(18 * 60),
            probes: 19,
            probe_lease: secs(20),
            cooldown_at_most: secs(210),
            cooldown: Duration::ZERO,
        }
    );
    assert_eq!(
        config.server,
        ServerConfig {
            listen: "[::1]:80".parse().unwrap(),
            metrics: Some("127.0.0.1:9090".parse().unwrap()),
            body_limit: 1024,
            upload_limit: secs(2),
            in_flight_limit: 3,
            ledger: Some("ledger.jsonl".into()),
            route_header: false,
            drain: Duration::ZERO,
            grace: secs(60),
        }
    );
}

#[test]
fn paths_start_where_the_file_is() {
    let text = with("server.ledger = \"ledger.jsonl\"\n");
    let config = support::loader()
        .parse(&text, Path::new("/etc/towerman/towerman.toml"))
        .unwrap();
    assert_eq!(
        config.server.ledger.unwrap(),
        Path::new("/etc/towerman/ledger.jsonl")
    );
}

/// The reference is a sound file, it shows every key, and what it calls defaults are.
#[test]
fn the_reference_holds() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("eu"), "key").unwrap();
    let held = directory.path().join("eu");
    let text = REFERENCE.replace("/run/secrets/eu", held.to_str().unwrap());
    let config: Config = parse(&text).unwrap();
    config.compile().unwrap();
    assert_eq!(config.draft.classes, Priority::ALL.map(Class::default_for));
    assert_eq!(config.draft.failover, FailoverRules::default());
    assert_eq!(config.draft.breaker, BreakerRules::default());
    assert_eq!(config.server, ServerConfig::default());

    // Errors list the allowed keys, so a wrong key in each table tells what there is to show.
    let wrong = "wrong = 1\n[providers.a]\nwrong = 1\n[endpoints.\"openai/gpt-5\"]\nwrong = 1\n\
                 price.wrong = 1\n[routes.a]\nwrong = 1\nendpoints = [{ wrong = 1 }]\n\
                 [tenants.a]\nwrong = 1\n[classes.high]\nwrong = 1\n[classes.wrong]\n\
                 [failover]\nwrong = 1\n[breaker]\nwrong = 1\n[server]\nwrong = 1\n";
    let errors = parse(&with(wrong)).unwrap_err().to_string();
    let lists: Vec<&str> = errors
        .lines()
        .filter(|line| line.contains("wrong: unknown"))
        .filter_map(|line| line.split_once("expected one of "))
        .map(|(_, keys)| keys)
        .collect();
    assert_eq!(lists.len(), 12, "{errors}");
    for key in lists.iter().flat_map(|keys| keys.split(", ")) {
        let key = key.trim_matches('"');
        let is_class = key.parse::<Priority>().is_ok();
        let shown = [format!("{key} = "), format!("[{key}")];
        assert!(
            is_class || shown.iter().any(|text| REFERENCE.contains(text)),
            "the reference does not show {key}"
        );
    }
}
