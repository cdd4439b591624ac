//! `selflink config`

use platform::{
    config::{Config, Environment, Variable, markdown, values},
    process::Instance,
};

pub fn run(instance: &Instance, environment: &Environment, as_markdown: bool) -> anyhow::Result<()> {
    let domains = instance
        .domains
        .iter()
        .flat_map(|domain| &domain.settings)
        .flat_map(|section| section.variables);
    let variables: Vec<Variable> = Config::variables().into_iter().chain(domains.copied()).collect();
    if as_markdown {
        print!("{}", markdown(&variables));
        return Ok(());
    }
    print!("{}", values(&variables, environment));
    // After the values, so that they can be compared with what is wrong.
    Ok(instance.check_settings(environment)?)
}
