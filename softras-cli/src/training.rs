//! `softras train`: the training itself, in a build with a network.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use softras_core::raster::DynRasterizer;
use softras_recon::data::{self, Split, Store};
use softras_recon::eval::{Plan, Report, evaluate};
use softras_recon::settings::ReconSettings;
use softras_recon::train::{BEST, Checkpoint, Ending, LAST, LOG, Moment, Training, read_log};

use crate::backend;
use crate::eval::{bar, show, text_of};
use crate::output::{Usage, finish, note, warn};
use crate::train::TrainArgs;

/// Whether someone asked to stop.
pub(crate) static STOP: AtomicBool = AtomicBool::new(false);

/// Trains, and scores what came of it.
pub(crate) fn run(args: &TrainArgs, settings: ReconSettings) -> Result<ExitCode> {
    let output = &args.output;
    let last = output.join(LAST);
    let resumed = if args.resume { Some(longer(Checkpoint::open(&last)?, args)?) } else { None };
    if resumed.is_none() && last.exists() {
        let text = format!("{}: found a training, expected another folder, or --resume", output.display());
        return Err(Usage(text).into());
    }
    let settings = resumed.as_ref().map_or(settings, |checkpoint| checkpoint.settings.clone());
    let device = backend::open(&args.backend, args.threads)?;
    let drawing = bar(args.json);
    let store =
        data::open(device.as_ref(), args.shapes.as_deref(), &args.cache, &settings.data, &|done, all| {
            show(&drawing, "draw", done, all);
        })?;
    drawing.finish_and_clear();
    for skipped in store.skipped() {
        warn(format!("{} is skipped: {}", skipped.name, skipped.reason));
    }
    let mut training = match resumed {
        Some(checkpoint) => Training::resume(device.as_ref(), &store, checkpoint)?,
        None => Training::new(device.as_ref(), &store, settings.clone())?,
    };
    std::fs::create_dir_all(output).with_context(|| format!("cannot make {}", output.display()))?;
    if !args.resume {
        softras_io::replace_file(output.join("config.toml"), toml::to_string(&settings)?.as_bytes())?;
        match std::fs::remove_file(output.join(LOG)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e)?,
            _ => {}
        }
        training.checkpoint()?.save(&last)?;
    }
    listen()?;
    if !args.json {
        let (learn, stop) = training.objects();
        let numbers = training.network()?.parameters() as f64 / 1e6;
        note(format!(
            "{numbers:.2} million numbers learn from {learn} shapes, {stop} more tell when to stop; drawn by {}",
            device.info().backend
        ));
    }

    let progress = progress(args.json);
    let ending = training.run(output, &mut |moment| watch(moment, &progress, args.json))?;
    progress.finish_and_clear();
    if ending == Ending::Interrupted {
        let again = format!("softras train --resume -o {}", output.display());
        let step = training.state().step;
        note(format!("stopped after step {step}; {} holds everything. Go on with: {again}", last.display()));
        if args.json {
            finish(true, &json!({ "interrupted": true, "steps": step, "out": output, "resume": again }), "");
        }
        return Ok(ExitCode::from(1));
    }
    let report = scored(device.as_ref(), &store, output, &settings, args.json)?;
    tell(args, &training, ending, report.as_ref())?;
    Ok(ExitCode::SUCCESS)
}

/// Listens for Ctrl-C.
pub(crate) fn listen() -> Result<()> {
    let stop = || {
        if STOP.swap(true, Ordering::SeqCst) {
            // The second time there is no more patience; the last checkpoint is whole.
            std::process::exit(1);
        }
    };
    ctrlc::set_handler(stop).context("cannot listen for Ctrl-C")
}

/// Lays --minutes and --steps over what the checkpoint says.
fn longer(mut checkpoint: Checkpoint, args: &TrainArgs) -> Result<Checkpoint> {
    let train = &mut checkpoint.settings.train;
    train.minutes = args.minutes.unwrap_or(train.minutes);
    train.steps = args.steps.unwrap_or(train.steps);
    checkpoint.settings.check()?;
    Ok(checkpoint)
}

pub(crate) fn progress(hidden: bool) -> ProgressBar {
    let bar = ProgressBar::new(1000);
    bar.set_draw_target(if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() });
    if let Ok(style) = ProgressStyle::with_template("{bar:32} {percent} %, {msg}") {
        bar.set_style(style);
    }
    bar
}

fn watch(moment: &Moment<'_>, bar: &ProgressBar, quiet: bool) -> ControlFlow<()> {
    let left = format!("{:.0} min left", (moment.seconds_left / 60.0).ceil());
    bar.set_position((1000.0 * moment.share) as u64);
    bar.set_message(format!("step {}, loss {:.4}, {left}", moment.step, moment.loss));
    if let (Some(record), false) = (moment.record, quiet) {
        let iou = record.stop_iou.map_or(String::new(), |iou| format!(", stop IoU {:.1} %", 100.0 * iou));
        let line = format!(
            "step {}, {:.0} s: loss {:.4}{iou}, {:.0} ms a step, {:.0} % of it drawing, {left}",
            record.step,
            record.seconds,
            record.loss,
            record.step_ms,
            100.0 * record.render_share()
        );
        bar.suspend(|| note(line));
    }
    if STOP.load(Ordering::SeqCst) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// Scores the best network on shapes that it did not learn from, if the data have any.
fn scored(
    device: &dyn DynRasterizer,
    store: &Store,
    output: &Path,
    settings: &ReconSettings,
    hidden: bool,
) -> Result<Option<Report>> {
    let (objects, train_objects) = (store.scored(), store.of_split(Split::Train));
    if objects.iter().any(|object| train_objects.contains(object)) {
        warn("the data have no split to be scored on: score others by softras eval");
        return Ok(None);
    }
    let mut network = Checkpoint::open(&output.join(BEST))?.refined(device, settings.refine)?;
    let plan = Plan { store, objects, train: store, train_objects, views: settings.eval.views };
    let bar = bar(hidden);
    let report = evaluate(device, &plan, Some(&mut network), &|what, done, all| show(&bar, what, done, all))?;
    bar.finish_and_clear();
    Ok(Some(report))
}

fn tell(args: &TrainArgs, training: &Training<'_>, ending: Ending, report: Option<&Report>) -> Result<()> {
    let state = training.state();
    let records = read_log(&args.output.join(LOG))?;
    let mean = |number: fn(&softras_recon::train::TrainingRecord) -> f64| {
        records.iter().map(number).sum::<f64>() / records.len().max(1) as f64
    };
    let (step_ms, render_ms) = (mean(|r| r.step_ms), mean(|r| r.render_ms));
    let share = if step_ms > 0.0 { render_ms / step_ms } else { 0.0 };
    let renders = 4 * training.settings().train.batch.min(training.objects().0);
    let mut value = report.map_or_else(|| json!({}), |report| json!(report));
    let more = json!({
        "ending": if ending == Ending::Early { "early" } else { "done" }, "steps": state.step, "seconds": state.seconds,
        "best_step": state.best.map(|b| b.step), "stop_iou": state.best.map(|b| b.iou), "step_ms": step_ms,
        "renders": renders, "render_ms": render_ms, "render_share": share, "out": args.output,
    });
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    softras_io::replace_file(
        args.output.join("scores.json"),
        serde_json::to_string_pretty(&value)?.as_bytes(),
    )?;
    let best = state.best.map_or(String::new(), |best| {
        format!("; best after step {}: IoU {:.1} % on the stop split", best.step, 100.0 * best.iou)
    });
    let text = format!(
        "{}{} steps in {:.0} s{best}\n{step_ms:.0} ms a step; of them {render_ms:.1} ms ({:.0} %) for {renders} renders, \
         forward and backward\n{}",
        report.map_or(String::new(), text_of),
        state.step,
        state.seconds,
        100.0 * share,
        args.output.join(BEST).display()
    );
    finish(args.json, &value, text);
    Ok(())
}
