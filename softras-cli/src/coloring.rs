//! `softras train --color`: colors for the shapes of a trained network.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use serde_json::json;
use softras_recon::color::{ColorMoment, ColorTraining};
use softras_recon::data;
use softras_recon::settings::ReconSettings;
use softras_recon::train::{COLOR_LOG, COLORED, Checkpoint, LearnerBytes};

use crate::backend;
use crate::eval::{bar, show};
use crate::output::{Usage, finish, note, warn};
use crate::train::TrainArgs;
use crate::training::{STOP, listen, progress};

/// Learns colors for the network of `checkpoint`, and writes both into one file.
pub(crate) fn run(args: &TrainArgs, checkpoint: &Path, settings: ReconSettings) -> Result<ExitCode> {
    let output = &args.output;
    let (colored, log) = (output.join(COLORED), output.join(COLOR_LOG));
    if colored.exists() {
        let text = format!("{}: found colors, expected another folder", colored.display());
        return Err(Usage(text).into());
    }
    let mut checkpoint = Checkpoint::open(checkpoint)?;
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
    std::fs::create_dir_all(output).with_context(|| format!("cannot make {}", output.display()))?;
    match std::fs::remove_file(&log) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e)?,
        _ => {}
    }
    listen()?;
    let training = ColorTraining::new(device.as_ref(), &store, settings.clone(), &checkpoint)?;
    let bar = progress(args.json);
    let mut watch = |moment: &ColorMoment<'_>| {
        bar.set_position((1000.0 * moment.share) as u64);
        let left = moment.seconds * (1.0 - moment.share) / moment.share.max(1e-9);
        bar.set_message(format!("step {}, {:.0} min left", moment.step, (left / 60.0).ceil()));
        if let (Some(record), false) = (moment.record, args.json) {
            let stop = record
                .stop_color
                .map_or(String::new(), |c| format!(", on the stop split {:.3} %", 100.0 * c));
            let line = format!(
                "step {}, {:.0} s: color {:.3} %{stop}, {:.0} ms a step",
                record.step,
                record.seconds,
                100.0 * record.color,
                record.step_ms
            );
            bar.suspend(|| note(line));
        }
        if STOP.load(Ordering::SeqCst) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let learnt = training.run(&log, &mut watch)?;
    bar.finish_and_clear();

    checkpoint.settings = settings;
    checkpoint.bytes = LearnerBytes { weights: learnt.network.to_bytes()?, optimizer: Vec::new() };
    checkpoint.color = learnt.painter.to_bytes()?;
    checkpoint.save(&colored)?;
    let interrupted = STOP.load(Ordering::SeqCst);
    let value = json!({
        "out": colored, "best_step": learnt.step, "stop_color": learnt.color, "interrupted": interrupted,
        "parameters": learnt.painter.parameters(),
    });
    let text = format!(
        "best after step {}: {:.3} % mean difference of colors, over whole pictures\n{}",
        learnt.step,
        100.0 * learnt.color,
        colored.display()
    );
    finish(args.json, &value, text);
    Ok(if interrupted { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
