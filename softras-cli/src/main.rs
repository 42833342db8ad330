//! The binary `softras`.
#![forbid(unsafe_code)]

mod ablate;
mod args;
mod backend;
mod bench;
mod bench_args;
mod body;
#[cfg(feature = "recon")]
mod coloring;
mod config;
mod conformance;
mod devices;
mod distill;
mod eval;
mod experiment;
mod fit;
mod fit_config;
mod gradcheck;
mod input;
mod output;
mod part_args;
mod pose;
mod predict;
mod render;
mod render_config;
mod train;
#[cfg(feature = "recon")]
mod training;
mod views;
mod work;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use output::{Usage, print_error};

fn main() -> ExitCode {
    // Wrong arguments end here with code 2, help and version with 0.
    let args = Args::parse();
    let json = args.json();
    let result = match args.command {
        Command::Render(args) => render::run(&args),
        Command::Fit(args) => fit::run(&args),
        Command::Pose(args) => pose::run(&args),
        Command::Body(args) => body::run(&args),
        Command::Gradcheck(args) => gradcheck::run(&args),
        Command::Experiment(args) => experiment::run(&args),
        Command::Distill(args) => distill::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Ablate(args) => ablate::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Conformance(args) => conformance::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Devices(args) => devices::run(&args),
    };
    match result {
        Ok(code) => code,
        Err(e) => {
            print_error(&e, json);
            ExitCode::from(if e.is::<Usage>() { 2 } else { 1 })
        }
    }
}
