//! The gradient to the weights of a color aggregator: a row of sums for each face, and one for each tile.
//!
//! Faces see the weights of phi: a workgroup a face adds them up over its pixels. A pixel sees those of rho: a workgroup a
//! tile does. The host adds the rows in `f64`, in the order of the faces and tiles, so that the bits do not depend on
//! where the work is cut.

use softras_core::math::NeuralLayout;

use crate::WgpuRasterizer;
use crate::axes::Axes;
use crate::backward::{Prepared, Walk};
use crate::buffers::{Buffer, Commands};
use crate::error::Result;
use crate::kernels::Stage;
use crate::turns::Turn;
use crate::workspace::ChunkBuffers;

/// Lanes of a workgroup, and pixels that it takes at a time.
const LANES: u32 = 64;
/// Numbers of a lane that fit workgroup memory.
const LANE_NUMBERS: u32 = 64;

impl Axes {
    /// How the weights of the color aggregator stand, where color is drawn and it has some.
    pub(crate) const fn layout(&self) -> Option<NeuralLayout> {
        if self.outputs.color() { self.color.layout(self.channels) } else { None }
    }

    /// Weights that faces see, which come first.
    pub(crate) const fn face_weights(&self) -> u32 {
        match self.layout() {
            Some(layout) => layout.rho(0) as u32,
            None => 0,
        }
    }

    /// Weights that pixels see, which come after them.
    pub(crate) const fn tile_weights(&self) -> u32 {
        match self.layout() {
            Some(layout) => layout.count() as u32 - self.face_weights(),
            None => 0,
        }
    }

    /// Units of phi, and of rho, whose gradients lie in workgroup memory at once.
    const fn units_at_once(&self, layout: NeuralLayout) -> (u32, u32) {
        let (phi, rho) = (LANE_NUMBERS - 2 - self.channels, LANE_NUMBERS / 3);
        let hidden = layout.hidden as u32;
        (if hidden < phi { hidden } else { phi }, if hidden < rho { hidden } else { rho })
    }

    /// The constants that the network gives the text.
    pub(crate) fn constants_of_weights(&self) -> String {
        let Some(layout) = self.layout() else { return String::new() };
        let (phi, rho) = self.units_at_once(layout);
        let numbers = [
            ("HIDDEN", layout.hidden as u32),
            ("PHI_WEIGHTS", self.face_weights()),
            ("PHI_UNITS", phi),
            ("PHI_FEATURES", LANES * (2 + self.channels)),
            // The offset and the scale of the nearness take two.
            ("PHI_GRADS", LANES * phi.max(2)),
            ("RHO_WEIGHTS", self.tile_weights()),
            ("RHO_UNITS", rho),
            ("RHO_TERMS", LANES * 3 * rho),
        ];
        numbers.map(|(name, value)| format!("const {name}: u32 = {value}u;\n")).concat()
    }

    /// Rounds of loops that 64 pixels of a face take one lane of `backward_weights`, at most.
    pub(crate) fn weight_rounds(&self) -> u32 {
        let Some(layout) = self.layout() else { return 0 };
        let (units, _) = self.units_at_once(layout);
        let sums = (units * layout.phi_size() as u32).div_ceil(LANES) * (1 + LANES);
        let batches = (layout.hidden as u32).div_ceil(units);
        2 + 12 * self.channels + self.color.rounds_back(self.channels) + batches * (1 + sums) + LANES
    }
}

impl WgpuRasterizer {
    /// Records that the gradients to the weights that pixels see are added up, tile by tile. Reads what `prepare` reads.
    pub(crate) fn prepare_weights(
        &self,
        axes: &Axes,
        turn: &Turn,
        (uniform, first, state, picture): (&Buffer, &ChunkBuffers, &Buffer, &Buffer),
        prepared: &Prepared,
        commands: &mut Commands<'_>,
    ) -> Result<()> {
        if prepared.weight_count == 0 {
            return Ok(());
        }
        let storage = [&first.units, &first.numbers, state, picture, &prepared.weight_rows];
        let tiles = turn.pictures.len() as u64 * u64::from(turn.window.tiles());
        commands.run(&self.kernel(Stage::PrepareWeights, axes)?, uniform, &storage, tiles)
    }

    /// Records that the gradients to the weights that faces see are added up.
    pub(crate) fn walk_weights(&self, walk: &Walk<'_>, commands: &mut Commands<'_>) -> Result<()> {
        let step = self.gpu.loops.weight_pixels(walk.axes);
        self.walk_faces(walk, Stage::BackwardWeights, walk.weight_rows, step, commands)
    }
}
