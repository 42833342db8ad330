//! Device buffers from an arena that only grows, commands that use them, and the way back to the host.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use bytemuck::Pod;

use crate::device::Gpu;
use crate::error::{Result, WgpuError};
use crate::kernels::Pipeline;

/// The most workgroups of one dimension of a dispatch.
const MAX_GROUPS: u32 = 65_535;
/// The fewest bytes of a buffer.
const LEAST_BYTES: u64 = 256;

/// How long a device that is done may take to say so.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// What a buffer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Kernels read and write it.
    Storage,
    /// Kernels read it, all the same place.
    Uniform,
    /// The host reads it.
    Host,
}

impl Use {
    const fn usages(self) -> wgpu::BufferUsages {
        let copy = wgpu::BufferUsages::COPY_DST;
        match self {
            Self::Storage => copy.union(wgpu::BufferUsages::COPY_SRC).union(wgpu::BufferUsages::STORAGE),
            Self::Uniform => copy.union(wgpu::BufferUsages::UNIFORM),
            Self::Host => copy.union(wgpu::BufferUsages::MAP_READ),
        }
    }
}

/// Buffers that are not in use.
#[derive(Debug)]
pub(crate) struct Arena {
    /// The most bytes of a buffer.
    pub(crate) most_bytes: u64,
    free: Arc<Mutex<Vec<(Use, wgpu::Buffer)>>>,
}

/// A buffer lent from the arena; it goes back when it is dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    own: Option<wgpu::Buffer>,
    purpose: Use,
    /// The bytes that were asked for.
    pub(crate) bytes: u64,
    home: Arc<Mutex<Vec<(Use, wgpu::Buffer)>>>,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(own) = self.own.take() {
            self.home.lock().unwrap_or_else(PoisonError::into_inner).push((self.purpose, own));
        }
    }
}

impl Buffer {
    pub(crate) fn raw(&self) -> Result<&wgpu::Buffer> {
        self.own.as_ref().ok_or_else(|| WgpuError::refused("using a buffer", "it was given back"))
    }
}

impl Arena {
    pub(crate) fn new(most_bytes: u64) -> Self {
        Self { most_bytes, free: Arc::default() }
    }

    /// Lends a buffer of at least `numbers` 32-bit numbers. What it holds is left over from earlier work.
    pub(crate) fn lend(&self, gpu: &Gpu, purpose: Use, what: &str, numbers: u64) -> Result<Buffer> {
        let bytes = (numbers * 4).max(16);
        if purpose != Use::Host && bytes > self.most_bytes {
            return Err(WgpuError::OutOfMemory {
                what: what.to_owned(),
                needed: bytes,
                limit: Some(self.most_bytes),
            });
        }
        self.lend_any(gpu, purpose, what, numbers)
    }

    /// The same, for what no kernel sees: as large as the device can make it.
    pub(crate) fn lend_any(&self, gpu: &Gpu, purpose: Use, what: &str, numbers: u64) -> Result<Buffer> {
        let bytes = (numbers * 4).max(16);
        if bytes > gpu.buffer_bytes {
            let (what, limit) = (what.to_owned(), Some(gpu.buffer_bytes));
            return Err(WgpuError::OutOfMemory { what, needed: bytes, limit });
        }
        let lent = |own| Buffer { own: Some(own), purpose, bytes, home: Arc::clone(&self.free) };
        {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            let fits = |(_, (used, buffer)): &(usize, &(Use, wgpu::Buffer))| {
                *used == purpose && buffer.size() >= bytes
            };
            let best = free.iter().enumerate().filter(fits).min_by_key(|(_, (_, buffer))| buffer.size());
            // A buffer that is far too large is left to work that needs it.
            if let Some((i, (_, buffer))) = best
                && buffer.size() <= (4 * bytes).max(1 << 16)
            {
                return Ok(lent(free.swap_remove(i).1));
            }
        }
        let size = bytes.next_power_of_two().clamp(LEAST_BYTES, gpu.binding_bytes.max(bytes));
        let what = || format!("{what}, {size} bytes");
        let own = gpu.guarded(&what, || {
            Ok(gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size,
                usage: purpose.usages(),
                mapped_at_creation: false,
            }))
        });
        gpu.traffic.buffers.add(1);
        own.map(lent).map_err(|error| error.of_size(bytes))
    }

    /// Lends a buffer that holds `values`.
    pub(crate) fn filled<T: Pod>(&self, gpu: &Gpu, purpose: Use, what: &str, values: &[T]) -> Result<Buffer> {
        let bytes = size_of_val(values) as u64;
        let buffer = self.lend(gpu, purpose, what, bytes.div_ceil(4))?;
        write(gpu, &buffer, 0, values)?;
        Ok(buffer)
    }

    /// Frees the buffers that are not in use.
    pub(crate) fn clear(&self) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Writes `values` into `buffer` from 32-bit number `first` on, before the next submission.
pub(crate) fn write<T: Pod>(gpu: &Gpu, buffer: &Buffer, first: u64, values: &[T]) -> Result<()> {
    if !values.is_empty() {
        gpu.queue.write_buffer(buffer.raw()?, first * 4, bytemuck::cast_slice(values));
        gpu.traffic.uploaded.add(size_of_val(values) as u64);
    }
    Ok(())
}

/// Commands that are recorded, to be submitted together.
pub(crate) struct Commands<'a> {
    gpu: &'a Gpu,
    encoder: wgpu::CommandEncoder,
    /// Buffers that must not go back to the arena before the commands are submitted.
    held: Vec<Buffer>,
}

impl<'a> Commands<'a> {
    pub(crate) fn new(gpu: &'a Gpu) -> Self {
        let encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        Self { gpu, encoder, held: Vec::new() }
    }

    /// Keeps `buffers` until the commands are submitted.
    pub(crate) fn hold(&mut self, buffers: impl IntoIterator<Item = Buffer>) {
        self.held.extend(buffers);
    }

    /// Runs `groups` workgroups of a kernel on a uniform and storage buffers.
    pub(crate) fn run(
        &mut self,
        kernel: &Arc<Pipeline>,
        uniform: &Buffer,
        storage: &[&Buffer],
        groups: u64,
    ) -> Result<()> {
        if groups == 0 {
            return Ok(());
        }
        let (across, down) = grid(groups)?;
        let mut entries = Vec::with_capacity(storage.len() + 1);
        for (i, buffer) in core::iter::once(&uniform).chain(storage).enumerate() {
            let binding = wgpu::BufferBinding {
                buffer: buffer.raw()?,
                offset: 0,
                size: core::num::NonZeroU64::new(buffer.bytes.next_multiple_of(16).min(buffer.raw()?.size())),
            };
            entries.push(wgpu::BindGroupEntry {
                binding: i as u32,
                resource: wgpu::BindingResource::Buffer(binding),
            });
        }
        let group = self.gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(kernel.entry),
            layout: &kernel.layout,
            entries: &entries,
        });
        let mut pass = self.encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: Some(kernel.entry),
            timestamp_writes: None,
        });
        pass.set_pipeline(&kernel.pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(across, down, 1);
        Ok(())
    }

    /// Copies `count` 32-bit numbers from one buffer to another.
    pub(crate) fn copy(&mut self, from: (&Buffer, u64), to: (&Buffer, u64), count: u64) -> Result<()> {
        if count > 0 {
            self.encoder.copy_buffer_to_buffer(from.0.raw()?, from.1 * 4, to.0.raw()?, to.1 * 4, count * 4);
        }
        Ok(())
    }

    /// Fills a buffer with zeros.
    pub(crate) fn clear(&mut self, buffer: &Buffer) -> Result<()> {
        self.encoder.clear_buffer(buffer.raw()?, 0, None);
        Ok(())
    }

    /// Submits what was recorded.
    pub(crate) fn submit(self) -> wgpu::SubmissionIndex {
        self.gpu.traffic.submissions.add(1);
        self.gpu.queue.submit([self.encoder.finish()])
    }
}

/// The numbers of workgroups across and down that make at least `groups`.
fn grid(groups: u64) -> Result<(u32, u32)> {
    let most = u64::from(MAX_GROUPS);
    let down = groups.div_ceil(most);
    let across = groups.div_ceil(down);
    match (u32::try_from(across), u32::try_from(down)) {
        (Ok(across), Ok(down)) if down <= MAX_GROUPS => Ok((across, down)),
        _ => Err(WgpuError::refused("dispatching", format!("{groups} workgroups, at most {}", most * most))),
    }
}

/// Submits `commands`, waits, and gives the numbers that lie in `host` to `read`.
pub(crate) fn read_back<T: Pod, U>(
    gpu: &Gpu,
    commands: Commands<'_>,
    host: &Buffer,
    read: impl FnOnce(&[T]) -> U,
) -> Result<U> {
    let submission = commands.submit();
    read_submitted(gpu, submission, host, read)
}

/// Waits for `submission`, and gives the numbers that lie in `host` to `read`.
pub(crate) fn read_submitted<T: Pod, U>(
    gpu: &Gpu,
    submission: wgpu::SubmissionIndex,
    host: &Buffer,
    read: impl FnOnce(&[T]) -> U,
) -> Result<U> {
    gpu.traffic.read_back.add(host.bytes);
    let raw = host.raw()?;
    let slice = raw.slice(0..host.bytes);
    let (answer, answers) = mpsc::channel();
    slice.map_async(wgpu::MapMode::Read, move |result| {
        // Nobody listens any more where waiting failed.
        let _ = answer.send(result);
    });
    let waited = gpu.wait(submission);
    // Another thread that waits for the device may have taken the answer along, and be about to give it.
    let answer = answers.recv_timeout(ANSWER_TIME).ok();
    let result = match (waited, answer) {
        (Err(error), _) => Err(error),
        (Ok(()), Some(Ok(()))) => slice
            .get_mapped_range()
            .map_err(|e| WgpuError::refused("reading back", e))
            .and_then(|view| match bytemuck::try_cast_slice(&view) {
                Ok(numbers) => Ok(read(numbers)),
                Err(e) => Err(WgpuError::refused("reading back", e)),
            }),
        (Ok(()), Some(Err(error))) => Err(WgpuError::refused("reading back", error)),
        (Ok(()), None) => Err(WgpuError::refused("reading back", "the device did not answer")),
    };
    raw.unmap();
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_enough_groups_and_few_too_many() {
        for groups in [1, 2, 65_535, 65_536, 1_000_003, 65_535 * 65_535] {
            let (across, down) = grid(groups).expect("fits");
            let all = u64::from(across) * u64::from(down);
            assert!(all >= groups && all - groups < u64::from(down), "{groups}: {across} x {down}");
        }
        assert!(grid(65_535 * 65_535 + 1).is_err());
    }
}
