//! What is measured: faces, how they are drawn, and the gradient of a loss.

use std::sync::Arc;

use ndarray::{Array2, Array3, Array4};
use softras_core::ImageGrad;
use softras_core::math::TextureKind;
use softras_core::raster::RasterParams;
use softras_core::scene::{
    Camera, Degrees, Faces, Mesh, MeshTexture, Orbit, Textures, project_batch, project_views,
};
use softras_io::{MeshOptions, icosphere, load_mesh, normalize};

use crate::error::Result;
use crate::name::{Batch, SceneName, Shape};

/// A scene, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Its name.
    pub name: SceneName,
    /// The softness of its edges.
    pub sigma: f64,
    /// The faces of all its pictures.
    pub faces: Arc<Faces<f32>>,
    /// How they are drawn: the default settings, both outputs.
    pub params: RasterParams<f32>,
    /// A gradient at every pixel of every picture, none of them zero.
    pub grad: ImageGrad<f32>,
}

impl Scene {
    /// Builds a scene: the mesh with its longest side 1 and a color at each vertex, seen from distance 2.732, 20 degrees
    /// above the horizon, 30 degrees round, with a full field of view of 30 degrees; from all around for a batch.
    ///
    /// # Errors
    /// `Mesh` if a file cannot be read, `Core` if the scene is more than a picture may hold.
    pub fn build(name: &SceneName, sigma: f64) -> Result<Self> {
        let (width, height) = (name.width, name.height);
        let pictures = name.batch.pictures();
        let params = RasterParams::new(width, height).sigma(sigma as f32);
        // The sizes are checked before anything large is made.
        params.check()?;
        let faces = match &name.shape {
            Shape::Cover => cover(pictures)?,
            shape => {
                let mesh = colored(mesh(shape)?)?;
                let cameras: Vec<_> = (0..pictures).map(|i| camera(i, pictures)).collect();
                match name.batch {
                    Batch::Views(_) => project_views(&mesh, &cameras)?.0,
                    Batch::Meshes(_) => {
                        let items: Vec<_> = cameras.iter().map(|camera| (&mesh, camera)).collect();
                        project_batch(&items)?.0
                    }
                }
            }
        };
        let mut next = noise();
        let grad = ImageGrad {
            color: Some(Array4::from_shape_simple_fn((pictures, 3, height, width), &mut next)),
            silhouette: Some(Array3::from_shape_simple_fn((pictures, height, width), &mut next)),
        };
        Ok(Self { name: name.clone(), sigma, faces: Arc::new(faces), params, grad })
    }

    /// The number of (face, pixel) pairs of the scene, near or far.
    #[must_use]
    pub fn all_pairs(&self) -> u64 {
        let pixels = (self.name.width * self.name.height) as u64;
        self.faces.pictures().iter().map(|p| p.faces.len() as u64 * pixels).sum()
    }
}

/// Camera `i` of `count` on a circle. The first is the one that the pairs of KERNELS 2 were counted with.
fn camera(i: usize, count: usize) -> Camera {
    let azimuth = 30.0 + 360.0 * i as f32 / count as f32;
    Camera::orbit(&Orbit::new(2.732, Degrees(20.0), Degrees(azimuth)))
}

fn mesh(shape: &Shape) -> Result<Mesh> {
    Ok(match shape {
        Shape::Icosphere(level) => {
            let mut sphere = icosphere(*level)?;
            sphere.set_vertices(sphere.vertices() * 0.5)?;
            sphere
        }
        Shape::Sample(sample) => sample.mesh(),
        Shape::Data(_, path) | Shape::File(path) => {
            normalize(&load_mesh(path, &MeshOptions::default())?.mesh)
        }
        Shape::Cover => Mesh::new(Array2::zeros((0, 3)), Vec::new())?,
    })
}

/// Gives every vertex a color from its place, so that all back ends and peers draw the same.
fn colored(mesh: Mesh) -> Result<Mesh> {
    let v = mesh.vertices();
    let colors = Array2::from_shape_fn((v.nrows(), 3), |(i, c)| (0.5 + 0.9 * v[[i, c]]).clamp(0.0, 1.0));
    Ok(mesh.with_texture(MeshTexture::Vertex(colors))?)
}

/// One face that covers every pixel of a picture up to three times as wide as high, slanted in depth.
fn cover(pictures: usize) -> Result<Faces<f32>> {
    let corners = [[-9.0, -3.0, 2.0], [9.0, -3.0, 2.5], [0.0, 12.0, 3.0]];
    let corners = Array3::from_shape_fn((pictures, 3, 3), |(_, k, i)| corners[k][i]);
    let ranges = (0..pictures).map(|b| softras_core::scene::Picture { faces: b..b + 1, first_texture: 0 });
    let texels = Array3::from_shape_fn((1, 3, 3), |(_, k, c)| if k == c { 1.0 } else { 0.2 });
    let textures = Textures::new(TextureKind::Vertex, texels)?;
    Ok(Faces::packed(corners, ranges.collect())?.with_textures(textures)?)
}

/// A stream of numbers of size 0.1 to 1 and either sign (Knuth's MMIX generator): the same on every machine.
fn noise() -> impl FnMut() -> f32 {
    let mut seed = 7_u64;
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let size = 0.1 + 0.9 * ((seed >> 40) as f32 / (1_u32 << 24) as f32);
        if seed >> 33 & 1 == 1 { size } else { -size }
    }
}
