//! A metric that is squared near the edge and linear beyond, [`Huber`].

use softras_core::math::{
    DeviceLanguage, Distance, DistanceMetric, Euclidean, Invariance, Real, Triangle, Vec2,
};

/// `s = +-h(d)` of the distance d to the boundary of the face: `h(d) = d^2` up to `width`, `width (2 d - width)` beyond. So
/// far pixels pull as hard as near ones, and the slope at the edge is that of the squared distance.
#[derive(Clone, Debug)]
pub struct Huber {
    width: f64,
    wgsl: String,
    cuda: String,
}

impl Huber {
    /// Squared up to `width`, a distance on the screen (the picture is 2 high).
    ///
    /// # Panics
    /// If `width` is not above 0 and finite.
    #[must_use]
    pub fn new(width: f64) -> Self {
        assert!(width > 0.0 && width.is_finite(), "found a width of {width}, expected one above 0");
        // The digits give the very number that the Rust has.
        let (width, digits) = (f64::from(width as f32), format!("{:?}", width as f32));
        Self {
            width,
            wgsl: include_str!("huber.wgsl").replace("HUBER_WIDTH", &digits),
            cuda: include_str!("huber.cuh").replace("HUBER_WIDTH", &(digits + "f")),
        }
    }
}

impl DistanceMetric for Huber {
    const KERNEL: Option<Distance> = None;

    fn signed<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3]) -> R {
        let s = Euclidean.signed(face, at, w);
        let (width, d_sq) = (s.lit(self.width), s.abs());
        let far = d_sq.gt(width * width);
        let linear = width * (d_sq.sqrt() * s.lit(2.0) - width);
        let h = R::select(far, linear, d_sq);
        R::select(s.lt(s.zero()), -h, h)
    }

    /// `dh / d(d^2)` is 1 near, and `width / d` beyond.
    fn signed_vjp<R: Real>(&self, face: &Triangle<R>, at: Vec2<R>, w: &[R; 3], grad_s: R) -> [Vec2<R>; 3] {
        let d_sq = Euclidean.signed(face, at, w).abs();
        let width = d_sq.lit(self.width);
        let far = d_sq.gt(width * width);
        let slope = R::select(far, width / d_sq.max(width * width).sqrt(), d_sq.one());
        Euclidean.signed_vjp(face, at, w, grad_s * slope)
    }

    /// The d at which h is `bound`.
    fn reach(&self, bound: f64) -> f64 {
        if bound <= self.width * self.width { bound.sqrt() } else { (bound / self.width + self.width) / 2.0 }
    }
    fn halo(&self, bound: f64) -> f64 {
        self.reach(bound)
    }
    fn invariance(&self) -> Invariance {
        Invariance::Rigid
    }

    fn device_text(&self, language: DeviceLanguage) -> Option<&str> {
        match language {
            DeviceLanguage::Wgsl => Some(&self.wgsl),
            DeviceLanguage::Cuda => Some(&self.cuda),
            _ => None,
        }
    }
}
