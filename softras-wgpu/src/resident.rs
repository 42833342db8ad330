//! The device-resident path: corners, texels, pictures and gradients stay in device buffers between steps.
//!
//! A step uploads what changed, draws in one submission, goes back in one, and reads what is asked for. Kernels and cuts
//! are those of the trait's path, so the bits are the same.

mod arrays;
mod gradients;

use softras_core::raster::{Plan, RasterParams, Wanted};
use softras_core::scene::{Faces, Textures};
use softras_core::{Error, Image, ImageGrad, Result};

pub use arrays::ResidentArray;

use crate::WgpuRasterizer;
use crate::axes::Axes;
use crate::backward::{Asked, Prepared, Walk, grad_numbers, outputs_of};
use crate::buffers::{Buffer, Commands, Use, read_submitted, write};
use crate::forward::{copy_out, count_items};
use crate::setup::Input;
use crate::shared::Globals;
use crate::turns::{Sizes, Turn, turns};
use crate::workspace::{ChunkBuffers, Layout};

/// A batch of pictures that lives on the device: see [`WgpuRasterizer::resident`].
#[derive(Debug)]
pub struct Resident<'d> {
    device: &'d WgpuRasterizer,
    faces: Faces,
    params: RasterParams,
    plan: Plan<f32>,
    layout: Layout,
    sizes: Sizes,
    wanted: Wanted,
    parts: Vec<Part>,
    /// The gradient to the texels of the batch, where it is wanted.
    texels: Option<Buffer>,
    step: Step,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Something changed since it was drawn.
    Changed,
    /// It is drawn; how many items the faces have is still on the device.
    Drawn,
    /// It is drawn, and the items are counted.
    Counted,
    /// It is drawn, and gone back over with these outputs.
    Back(Axes),
}

/// A turn, and all it needs on the device.
#[derive(Debug)]
struct Part {
    turn: Turn,
    state: Buffer,
    /// `[pictures, planes, window height, window width]`.
    picture: Buffer,
    /// The gradient to it, of the same shape.
    picture_grad: Buffer,
    prepared: Prepared,
    /// The settings of `prepare`.
    uniform: Buffer,
    chunks: Vec<ChunkBuffers>,
    grads: Vec<ChunkGrads>,
    /// What the settings on the device say is asked for.
    asked: Option<Asked>,
}

/// Where the gradients of a chunk lie.
#[derive(Debug)]
struct ChunkGrads {
    uniform: Buffer,
    /// `[faces, 3, 3]`, then `[faces, 4]`.
    faces: Buffer,
    /// `[faces, texels]`.
    slots: Buffer,
    /// The chunk's rows of the gradient to the texels.
    rows: Buffer,
    /// `[faces, axes.face_weights()]`.
    weights: Buffer,
}

impl WgpuRasterizer {
    /// Puts a batch on the device to stay there, with room for the gradients that are `wanted`.
    ///
    /// ```no_run
    /// # use softras_core::{Image, ImageGrad, raster::{Gradients, RasterParams, Wanted}, scene::Faces};
    /// # use softras_wgpu::WgpuRasterizer;
    /// # fn step(corners: ndarray::Array3<f32>, _: &Gradients) -> ndarray::Array3<f32> { corners }
    /// # fn loss(_: &Image) -> ImageGrad { ImageGrad::default() }
    /// # let corners = ndarray::Array3::zeros((1, 3, 3));
    /// let device = WgpuRasterizer::new()?;
    /// let faces = Faces::new(corners)?;
    /// let mut scene = device.resident(&faces, &RasterParams::new(64, 64), Wanted::CORNERS)?;
    /// let (mut image, mut gradients) = (Image::default(), Gradients::default());
    /// for _ in 0..100 {
    ///     scene.forward()?;
    ///     scene.read_images(&mut image)?;
    ///     scene.backward(&loss(&image))?;
    ///     scene.read_gradients(&mut gradients)?;
    ///     let moved = step(scene.faces().corners().clone(), &gradients);
    ///     scene.upload_corners(moved)?;
    /// }
    /// # Ok::<(), softras_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As `forward_into`. All of the batch must fit the device at once: `OutOfMemory` if it does not, with the size.
    pub fn resident(&self, faces: &Faces, params: &RasterParams, wanted: Wanted) -> Result<Resident<'_>> {
        self.gpu.begin()?;
        let plan = Plan::new(faces, params)?;
        self.check(faces, params, &plan)?;
        let layout = Layout::new(faces, params, &plan)?;
        let sizes = self.sizes(&layout, &plan, params);
        let (faces, params) = (faces.clone(), params.clone());
        let turns = turns(faces.pictures(), &sizes)?;
        let bytes = 4 * turns.iter().map(|turn| sizes.of_turn(turn)).sum::<u64>();
        let asked = Asked::new(wanted, &layout.axes, faces.textures().is_some());
        let input = Input { faces: &faces, params: &params, plan: &plan, layout: &layout };
        let (parts, texels) = self.gpu.attempt("putting pictures on the device", bytes, || {
            let parts = turns.into_iter().map(|turn| self.part(&input, turn, asked));
            let count = faces.textures().filter(|_| asked.textures).map(|t| t.texels().len() as u64);
            // It is copied from and to, and never seen by a kernel: the limit of bindings does not count.
            let texels =
                count.map(|count| self.arena.lend_any(&self.gpu, Use::Storage, "texel gradients", count));
            Ok((parts.collect::<crate::error::Result<Vec<Part>>>()?, texels.transpose()?))
        })?;
        Ok(Resident {
            device: self,
            faces,
            params,
            plan,
            layout,
            sizes,
            wanted,
            parts,
            texels,
            step: Step::Changed,
        })
    }

    fn part(&self, input: &Input<'_>, turn: Turn, asked: Asked) -> crate::error::Result<Part> {
        let axes = &input.layout.axes;
        let pixels = turn.pixels();
        let planes = u64::from(axes.picture_planes());
        let chunks: crate::error::Result<Vec<_>> =
            (0..turn.chunks.len()).map(|number| self.upload(input, &turn, number)).collect();
        let chunks = chunks?;
        let grads: crate::error::Result<Vec<_>> =
            chunks.iter().map(|own| self.room_for_gradients(axes, own, asked)).collect();
        Ok(Part {
            state: self.lend("states of pixels", pixels * u64::from(input.layout.state_stride))?,
            picture: self.lend("pictures", pixels * planes)?,
            picture_grad: self.lend("gradients of pictures", pixels * planes)?,
            prepared: self.room_to_prepare(axes, asked, &turn)?,
            uniform: self.filled(Use::Uniform, "settings", &[Globals::default()])?,
            grads: grads?,
            turn,
            chunks,
            asked: None,
        })
    }

    fn room_for_gradients(
        &self,
        axes: &Axes,
        own: &ChunkBuffers,
        asked: Asked,
    ) -> crate::error::Result<ChunkGrads> {
        let (faces, slots) = Walk::counts(asked, &own.globals);
        let weights = Walk::weight_count(asked, axes, &own.globals);
        Ok(ChunkGrads {
            uniform: self.filled(Use::Uniform, "settings", &[Globals::default()])?,
            faces: self.lend("gradients of faces", faces)?,
            slots: self.lend("texel gradients of faces", slots)?,
            rows: self.lend("texel gradients", if asked.textures { own.row_numbers() } else { 1 })?,
            weights: self.lend("weight gradients of faces", weights)?,
        })
    }
}

impl Resident<'_> {
    /// The faces, with the corners and texels that the host uploaded last.
    #[must_use]
    pub const fn faces(&self) -> &Faces {
        &self.faces
    }

    /// Uploads new corners, `[F, 3, 3]`; returns the old ones, for reuse.
    ///
    /// # Errors
    /// As [`Faces::replace_corners`], and then nothing has changed; `Device` if the device fails.
    pub fn upload_corners(&mut self, corners: ndarray::Array3<f32>) -> Result<ndarray::Array3<f32>> {
        let old = self.faces.replace_corners(corners)?;
        self.step = Step::Changed;
        let (device, faces) = (self.device, &self.faces);
        self.upload("corners", |turn, number, own| {
            device.write_corners(faces, &turn.chunks[number], &own.corners)
        })?;
        Ok(old)
    }

    /// Uploads new texels of the kind and shape that there are.
    ///
    /// # Errors
    /// `Shape` if kind or shape differ; `Device` if the device fails.
    pub fn upload_textures(&mut self, textures: Textures) -> Result<()> {
        let shape = |t: &Textures| (t.kind(), t.texels().shape().to_vec());
        let own = self.faces.textures().map(shape);
        if own != Some(shape(&textures)) {
            let expected =
                own.map_or("none: the faces have no textures".to_owned(), |own| format!("{own:?}"));
            return Err(Error::shape("textures", textures.texels().shape(), expected));
        }
        self.faces = self.faces.clone().with_textures(textures)?;
        self.step = Step::Changed;
        let (device, faces) = (self.device, &self.faces);
        self.upload("texels", |turn, number, own| {
            device.write_texels(faces, &turn.chunks[number], &own.globals, &own.numbers)
        })
    }

    /// What was drawn is no longer of what is on the device.
    fn changed(&mut self) {
        self.step = Step::Changed;
    }

    fn upload(
        &self,
        what: &str,
        each: impl Fn(&Turn, usize, &ChunkBuffers) -> crate::error::Result<()>,
    ) -> Result<()> {
        Ok(self.attempt(&format!("uploading {what}"), || {
            for part in &self.parts {
                for (number, own) in part.chunks.iter().enumerate() {
                    each(&part.turn, number, own)?;
                }
            }
            Ok(())
        })?)
    }

    /// Runs a pass over all parts.
    fn attempt<T>(
        &self,
        what: &str,
        work: impl FnOnce() -> crate::error::Result<T>,
    ) -> crate::error::Result<T> {
        self.device.gpu.begin()?;
        self.device.gpu.attempt(what, self.bytes(), work)
    }

    /// Bytes that all parts take.
    fn bytes(&self) -> u64 {
        4 * self.parts.iter().map(|part| self.sizes.of_turn(&part.turn)).sum::<u64>()
    }

    /// Draws what is on the device, in one submission where pictures need no lists of faces (64 pixels a side or less).
    /// Does not wait for it.
    ///
    /// # Errors
    /// `OutOfMemory` if there is no room, with the size; `Device` if the device fails.
    pub fn forward(&mut self) -> Result<()> {
        self.step = Step::Changed;
        self.attempt("drawing", || {
            let mut commands = Commands::new(&self.device.gpu);
            for part in &self.parts {
                let out = (&part.state, &part.picture);
                for (number, own) in part.chunks.iter().enumerate() {
                    (commands, _) = self.device.draw_chunk(
                        &self.layout.axes,
                        &self.sizes,
                        &part.turn,
                        number,
                        own,
                        out,
                        commands,
                    )?;
                }
            }
            commands.submit();
            Ok(())
        })?;
        self.step = Step::Drawn;
        Ok(())
    }

    /// Reads the pictures, as `forward_into` gives them.
    ///
    /// # Errors
    /// `Layout` if they are not drawn; `OutOfMemory` and `Device` as [`Resident::forward`].
    pub fn read_images(&mut self, image: &mut Image) -> Result<()> {
        self.drawn()?;
        image.fit(&self.plan);
        self.read(Some(image))?;
        if self.step == Step::Drawn {
            self.step = Step::Counted;
        }
        Ok(())
    }

    fn drawn(&self) -> Result<()> {
        if self.step == Step::Changed {
            return Err(Error::layout("resident pictures", "what is not drawn", "what `forward` drew last"));
        }
        Ok(())
    }

    /// Reads how many items each chunk has, and the pictures into `image`, all in one submission.
    fn read(&mut self, mut image: Option<&mut Image>) -> Result<()> {
        let hosts = self.attempt("reading pictures", || {
            let mut commands = Commands::new(&self.device.gpu);
            let mut hosts = Vec::with_capacity(self.parts.len());
            for part in &self.parts {
                let count = part.chunks.len() as u64;
                let numbers = if image.is_some() { self.picture_numbers(part) } else { 0 };
                let host =
                    self.device.arena.lend(&self.device.gpu, Use::Host, "pictures", count + numbers)?;
                for (number, own) in part.chunks.iter().enumerate() {
                    commands.copy((&own.items, own.globals.faces.into()), (&host, number as u64), 1)?;
                }
                commands.copy((&part.picture, 0), (&host, count), numbers)?;
                hosts.push(host);
            }
            Ok((commands.submit(), hosts))
        });
        let ((submission, hosts), bytes) = (hosts?, self.bytes());
        let (gpu, plan, axes) = (&self.device.gpu, &self.plan, &self.layout.axes);
        gpu.attempt("reading pictures", bytes, || {
            for (part, host) in self.parts.iter_mut().zip(&hosts) {
                read_submitted(gpu, submission.clone(), host, |numbers: &[f32]| {
                    let (items, pictures) = numbers.split_at(part.chunks.len());
                    count_items(&mut part.chunks, items);
                    if let Some(image) = &mut image {
                        copy_out(plan, axes, &part.turn, pictures, image);
                    }
                })?;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn picture_numbers(&self, part: &Part) -> u64 {
        part.turn.pixels() * u64::from(self.layout.axes.picture_planes())
    }

    /// Uploads the gradient of a loss to the pictures and goes back, in one submission (and one that reads a number a
    /// part, if the pictures were not read). Does not wait for it.
    ///
    /// # Errors
    /// As `backward_into`; `Layout` if the pictures are not drawn.
    pub fn backward(&mut self, grad: &ImageGrad) -> Result<()> {
        self.drawn()?;
        grad.check(&self.plan)?;
        let Some(outputs) = outputs_of(grad) else {
            return Err(Error::layout(
                "gradient of pictures",
                "one without pictures",
                "color, silhouette or both",
            ));
        };
        let axes = Axes { outputs, ..self.layout.axes };
        self.attempt("uploading gradients of pictures", || {
            for part in &self.parts {
                let numbers = grad_numbers(&axes, &part.turn, grad);
                write(&self.device.gpu, &part.picture_grad, 0, &numbers)?;
            }
            Ok(())
        })?;
        self.back(axes)
    }

    /// Goes back from what [`Resident::image_gradients`] hold, which kernels of your own have written: no number of it
    /// is checked. Does not wait for it.
    ///
    /// # Errors
    /// As [`Resident::backward`].
    pub fn backward_on_device(&mut self) -> Result<()> {
        self.drawn()?;
        self.back(self.layout.axes)
    }

    fn back(&mut self, axes: Axes) -> Result<()> {
        if self.step == Step::Drawn {
            self.read(None)?;
        }
        self.step = Step::Counted;
        let asked = Asked::new(self.wanted, &axes, self.faces.textures().is_some());
        let bytes = self.bytes();
        let mut parts = core::mem::take(&mut self.parts);
        let done =
            self.device.gpu.attempt("going back", bytes, || self.record_back(&axes, asked, &mut parts));
        self.parts = parts;
        done?;
        self.step = Step::Back(axes);
        Ok(())
    }

    fn record_back(&self, axes: &Axes, asked: Asked, parts: &mut [Part]) -> crate::error::Result<()> {
        let (device, gpu) = (self.device, &self.device.gpu);
        let mut commands = Commands::new(gpu);
        if let Some(texels) = &self.texels {
            commands.clear(texels)?;
        }
        for part in parts {
            let Some(first) = part.chunks.first() else { continue };
            if part.asked != Some(asked) {
                let wants = u32::from(asked.pixels);
                write(gpu, &part.uniform, 0, &[Globals { wants_pixel_sums: wants, ..first.globals }])?;
            }
            let reads = (&part.uniform, first, &part.state, &part.picture_grad);
            device.prepare(axes, &part.turn, reads, &part.prepared, &mut commands)?;
            for ((chunk, own), grads) in part.turn.chunks.iter().zip(&part.chunks).zip(&part.grads) {
                if chunk.faces == 0 || !asked.walks() {
                    continue;
                }
                let globals = Globals { wants_textures: u32::from(asked.textures), ..own.globals };
                if part.asked != Some(asked) {
                    write(gpu, &grads.uniform, 0, &[globals])?;
                }
                let walk = Walk {
                    axes,
                    asked,
                    globals,
                    uniform: &grads.uniform,
                    chunk: own,
                    state: &part.state,
                    cotangents: &part.prepared.cotangents,
                    face_grads: &grads.faces,
                    texel_slots: &grads.slots,
                    weight_rows: &grads.weights,
                    item_room: self.sizes.item_room(&part.turn.window, chunk),
                };
                device.walk(&walk, &mut commands)?;
                if let (true, Some(texels)) = (asked.textures, &self.texels) {
                    let (first, count) =
                        (chunk.rows.start as u64 * u64::from(globals.texel_size), own.row_numbers());
                    commands.copy((texels, first), (&grads.rows, 0), count)?;
                    device.gather(&walk, &grads.rows, &mut commands)?;
                    commands.copy((&grads.rows, 0), (texels, first), count)?;
                }
            }
            part.asked = Some(asked);
        }
        commands.submit();
        Ok(())
    }
}
