//! Procedural shapes of known categories with random parameters: data when there is no data.

mod parts;
mod things;
mod vehicles;

use std::fmt;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;
use softras_core::scene::Mesh;
use softras_io::normalize;

use self::parts::Solid;

/// A kind of shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Round or square, on four legs or a pillar.
    Table,
    /// A seat, legs and a back, some with arms.
    Chair,
    /// Body, wings and tail.
    Airplane,
    /// Body, cabin and wheels.
    Car,
    /// Foot, stem and shade.
    Lamp,
    /// A solid of revolution.
    Vase,
    /// Seat, back and arms.
    Sofa,
    /// Body, shoulder and neck.
    Bottle,
    /// Body, nose and fins.
    Rocket,
    /// A cup with a handle.
    Mug,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 10] = [
        Self::Table,
        Self::Chair,
        Self::Airplane,
        Self::Car,
        Self::Lamp,
        Self::Vase,
        Self::Sofa,
        Self::Bottle,
        Self::Rocket,
        Self::Mug,
    ];

    /// The name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Chair => "chair",
            Self::Airplane => "airplane",
            Self::Car => "car",
            Self::Lamp => "lamp",
            Self::Vase => "vase",
            Self::Sofa => "sofa",
            Self::Bottle => "bottle",
            Self::Rocket => "rocket",
            Self::Mug => "mug",
        }
    }

    /// Makes one: closed parts wound outward, colors at vertices, centred, longest side 1, y up, front +z. Its left is its
    /// right, so that a network of mirrored meshes can make it.
    ///
    /// Each axis is stretched by a factor from 1 / 2 to 2, so that proportions are as free as parts.
    ///
    /// # Errors
    /// None but a bug of the shapes: a mesh that is not valid.
    pub fn mesh(self, random: &mut ChaCha8Rng) -> softras_core::Result<Mesh> {
        let mut solid = Solid::default();
        let mut dice = Dice { random };
        match self {
            Self::Table => things::table(&mut dice, &mut solid),
            Self::Chair => things::chair(&mut dice, &mut solid),
            Self::Airplane => vehicles::airplane(&mut dice, &mut solid),
            Self::Car => vehicles::car(&mut dice, &mut solid),
            Self::Lamp => things::lamp(&mut dice, &mut solid),
            Self::Vase => things::vase(&mut dice, &mut solid),
            Self::Sofa => things::sofa(&mut dice, &mut solid),
            Self::Bottle => things::bottle(&mut dice, &mut solid),
            Self::Rocket => vehicles::rocket(&mut dice, &mut solid),
            Self::Mug => things::mug(&mut dice, &mut solid),
        }
        let mut factor = || (STRETCH.ln() * dice.between(-1.0, 1.0)).exp();
        solid.stretch([factor(), factor(), factor()]);
        Ok(normalize(&solid.mesh()?))
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// By how much an axis may be stretched.
const STRETCH: f64 = 2.0;

/// Random parameters.
struct Dice<'r> {
    random: &'r mut ChaCha8Rng,
}

impl Dice<'_> {
    /// A number from `low` to `high`.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
    /// True with the given chance.
    fn chance(&mut self, share: f64) -> bool {
        self.between(0.0, 1.0) < share
    }
    /// A strong color.
    fn color(&mut self) -> [f64; 3] {
        let (hue, low) = (self.between(0.0, 6.0), self.between(0.05, 0.4));
        let high = self.between(0.6, 0.95);
        [0.0, 4.0, 2.0].map(|shift| {
            let t = ((hue + shift) % 6.0 - 3.0).abs() - 1.0;
            low + (high - low) * t.clamp(0.0, 1.0)
        })
    }
    /// A wooden color.
    fn wood(&mut self) -> [f64; 3] {
        let light = self.between(0.35, 1.0);
        [0.78 * light, 0.54 * light, 0.32 * light]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::voxel::Voxels;

    fn samples() -> impl Iterator<Item = (String, Mesh)> {
        Category::ALL.into_iter().flat_map(|category| {
            (0..12).map(move |seed| {
                let mesh = category.mesh(&mut ChaCha8Rng::seed_from_u64(seed)).unwrap();
                (format!("{category} {seed}"), mesh)
            })
        })
    }

    #[test]
    fn every_shape_is_closed_wound_outward_and_of_moderate_size() {
        for (name, mesh) in samples() {
            let mut edges: HashMap<(u32, u32), i32> = HashMap::new();
            for [a, b, c] in mesh.triangles() {
                assert!(a != b && b != c && c != a, "{name}");
                for (p, q) in [(a, b), (b, c), (c, a)] {
                    *edges.entry((*p.min(q), *p.max(q))).or_default() += if p < q { 1 } else { -1 };
                }
            }
            assert!(edges.values().all(|n| *n == 0), "{name} is not closed");
            let volume: f64 = mesh
                .triangles()
                .iter()
                .map(|t| {
                    let [a, b, c] = t.map(|v| mesh.vertex(v));
                    f64::from(a.dot(b.cross(c))) / 6.0
                })
                .sum();
            assert!(volume > 1e-3, "{name}: {volume}");
            assert!((24..4000).contains(&mesh.triangles().len()), "{name}: {}", mesh.triangles().len());
            assert_eq!(mesh.channels(), 3, "{name}");
        }
    }

    #[test]
    fn shapes_differ_within_a_category_and_more_between_categories() {
        let solids: Vec<(String, Voxels)> = samples().map(|(n, mesh)| (n, Voxels::solid(&mesh))).collect();
        for pair in solids.chunks(12).flat_map(|same| same.windows(2)) {
            assert!(pair[0].1 != pair[1].1, "{} = {}", pair[0].0, pair[1].0);
        }
        assert!(solids.iter().all(|(_, s)| s.count() > 200));
        let again = Category::Chair.mesh(&mut ChaCha8Rng::seed_from_u64(3)).unwrap();
        assert_eq!(again, Category::Chair.mesh(&mut ChaCha8Rng::seed_from_u64(3)).unwrap());
    }
}
