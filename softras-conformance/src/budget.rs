//! How far from the reference a back end may be: four named rungs, so that a law names a rung and never a number.
//!
//! The numbers are the bounds of KERNELS 5, which were measured on prototypes against brute force in `f64` on the same
//! `f32` input. They hold for scenes that are well conditioned; what a scene's own conditioning adds is measured, not
//! guessed: the *band* is how much the `f64` reference moves when its input moves by one unit in the last place
//! ([`crate::oracle::Band`]).

/// How a back end computes, from the most exact to the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// The reference itself, in whatever scalar type.
    Reference,
    /// Scalar host code with the platform's `exp`.
    Scalar,
    /// Vector lanes with a polynomial `exp`, sums in lanes.
    Simd,
    /// A device that may contract multiply and add, and approximates `exp` and `1/x`.
    Device,
}

/// The bounds of one rung for one scalar type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Half a unit in the last place at 1: `2^-24` in `f32`, `2^-53` in `f64`.
    pub unit: f64,
    /// Of one probability D. KERNELS 5: 4.6e-7 measured, 2e-6 to hold.
    pub probability: f64,
    /// Of the silhouette. KERNELS 5: 1.4e-6 measured, 1e-5 to hold.
    pub silhouette: f64,
    /// Of a color, before what gamma adds. KERNELS 5: 2e-6.
    pub color: f64,
    /// Units that a color, and the relative L2 error of a gradient, may be off for each 1 of `z k`. KERNELS 5: 8.
    pub depth_units: f64,
    /// Relative L2 error of a gradient. KERNELS 5: 1.1e-5 measured, 5e-5 to hold.
    pub gradient: f64,
    /// Worst element of a gradient, as a share of the largest. KERNELS 5: 1.6e-5 measured, 1e-4 to hold.
    pub element: f64,
    /// Relative L2 error by summing in another order. KERNELS 5: 1e-6.
    pub order: f64,
    /// How many times the band may be spent on top: a back end rounds at every step, not at its input alone.
    /// Measured: over 30,000 scenes (`softras conformance --calibrate --cases 30000 --seed 7`) the reference in `f32`,
    /// scalar code with the platform's `exp` and the CPU need 2.2 bands, a device that fuses and divides as loosely as
    /// WGSL allows 9.5. The room above that is for scenes rarer than those.
    pub bands: f64,
}

impl Budget {
    /// The bounds of `rung` in `f32`.
    #[must_use]
    pub const fn single(rung: Rung) -> Self {
        let bands = match rung {
            Rung::Reference | Rung::Scalar | Rung::Simd => 8.0,
            Rung::Device => 32.0,
        };
        Self {
            unit: 1.0 / (1u64 << 24) as f64,
            probability: 2e-6,
            silhouette: 1e-5,
            color: 2e-6,
            depth_units: 8.0,
            gradient: 5e-5,
            element: 1e-4,
            order: 1e-6,
            bands,
        }
    }

    /// The bounds of `rung` in `f64`: those of `f32`, 2^29 times tighter.
    #[must_use]
    pub const fn double(rung: Rung) -> Self {
        let f32 = Self::single(rung);
        let k = 1.0 / (1u64 << 29) as f64;
        Self {
            unit: f32.unit * k,
            probability: f32.probability * k,
            silhouette: f32.silhouette * k,
            color: f32.color * k,
            gradient: f32.gradient * k,
            element: f32.element * k,
            order: f32.order * k,
            ..f32
        }
    }

    /// What the rounding of depth adds to a color, and to the relative error of a gradient, at `z k`, the largest
    /// depth (or nearness) in units of gamma.
    #[must_use]
    pub fn depth(&self, z_k: f64) -> f64 {
        self.depth_units * self.unit * z_k
    }
}
