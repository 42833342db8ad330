//! `softras distill`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use softras_core::math::Neural;
use softras_fit::distill::{DistillSettings, Distilled, Teacher, distill};

use crate::backend;
use crate::input;
use crate::output::finish;

/// Whose pictures are learnt.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum TeacherArg {
    /// The paper's softmax over depth, background included
    Softmax,
    /// Softmax among faces, laid over the background by the silhouette
    Over,
}

impl From<TeacherArg> for Teacher {
    fn from(arg: TeacherArg) -> Self {
        match arg {
            TeacherArg::Softmax => Self::Softmax,
            TeacherArg::Over => Self::Over,
        }
    }
}

/// What `softras distill` is given.
#[derive(Debug, Args)]
pub(crate) struct DistillArgs {
    /// The weights, a .safetensors file
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Hidden units
    #[arg(long, default_value_t = Neural::DEFAULT_HIDDEN)]
    hidden: usize,
    /// Steps
    #[arg(long, default_value_t = DistillSettings::default().steps)]
    steps: usize,
    /// Pictures a step
    #[arg(long, default_value_t = DistillSettings::default().batch)]
    batch: usize,
    /// Size of the pictures in pixels
    #[arg(long, value_name = "N", default_value_t = DistillSettings::default().size)]
    size: usize,
    /// Learning rate at the first step; it falls to 0
    #[arg(long, default_value_t = DistillSettings::default().lr)]
    lr: f64,
    /// Whose pictures are learnt
    #[arg(long, value_enum, default_value = "softmax")]
    teacher: TeacherArg,
    /// Softness in depth of the teacher, as a share of the depth range of the scene
    #[arg(long, default_value_t = DistillSettings::default().gamma)]
    gamma: f64,
    /// Where in that range the background of the teacher stands
    #[arg(long, default_value_t = DistillSettings::default().epsilon, allow_hyphen_values = true)]
    epsilon: f64,
    /// Decides scenes and first weights
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What draws: auto, cpu, wgpu, wgpu:ADAPTER, cuda or cuda:NUMBER
    #[arg(long, default_value = "cpu", value_parser = input::backend)]
    backend: String,
    /// Threads, 0 for all; weights are the same for any number
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Print one JSON object as the last line of stdout, and no progress
    #[arg(long)]
    pub(crate) json: bool,
}

/// Finds the weights of a neural color aggregator.
pub(crate) fn run(args: &DistillArgs) -> Result<ExitCode> {
    let begin = Instant::now();
    let settings = DistillSettings {
        hidden: args.hidden,
        steps: args.steps,
        batch: args.batch,
        size: args.size,
        lr: args.lr,
        teacher: args.teacher.into(),
        gamma: args.gamma,
        epsilon: args.epsilon,
        seed: args.seed,
    };
    settings.check()?;
    softras_io::check_replaceable(&args.output)?;
    let device = backend::open(&args.backend, args.threads)?;
    let bar = progress(args, settings.steps)?;
    let Distilled { network, before, after, background, losses } =
        distill(device.as_ref(), &settings, |step, loss| {
            bar.set_position(step as u64 + 1);
            if step % 50 == 0 {
                bar.set_message(format!("{loss:.6}"));
            }
        })?;
    bar.finish_and_clear();
    network.save(&args.output)?;

    let last = losses.iter().rev().take(100);
    let loss = last.clone().sum::<f64>() / last.count() as f64;
    let seconds = begin.elapsed().as_secs_f64();
    let value = json!({
        "out": args.output, "weights": network.weights().len(), "before": before, "after": after,
        "background": background, "loss": loss, "settings": settings, "seconds": seconds,
    });
    let text = format!(
        "mean difference to the teacher {:.4} before, {:.4} after ({:.4} for the background alone); {:.1} dB\n{} ({} \
         weights, {seconds:.1} s)",
        before.mean,
        after.mean,
        background.mean,
        after.psnr,
        args.output.display(),
        network.weights().len(),
    );
    finish(args.json, &value, text);
    Ok(ExitCode::SUCCESS)
}

fn progress(args: &DistillArgs, steps: usize) -> Result<ProgressBar> {
    if args.json {
        return Ok(ProgressBar::hidden());
    }
    let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {eta} loss {msg}")?);
    Ok(bar)
}
