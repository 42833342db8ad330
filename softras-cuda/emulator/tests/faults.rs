//! Kernels with and without faults: what is right is computed, what a card leaves undefined is an error.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cudarc::driver::{CudaContext, CudaStream, DevicePtr, DeviceRepr, LaunchConfig, PushKernelArg, sys};

/// What every kernel here takes.
#[repr(C)]
#[derive(Clone, Copy)]
struct Params {
    from: u64,
    to: u64,
    count: u32,
}
// SAFETY: numbers alone, laid out as in C.
unsafe impl DeviceRepr for Params {}

const HEAD: &str = "struct Params { const float* from; float* to; unsigned count; };\n";

/// One test at a time: a device that failed stays failed until all its contexts are gone.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn devices() -> Vec<Arc<CudaContext>> {
    softras_cuda_emulator::load(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a C++ compiler");
    (0..softras_cuda_emulator::DEVICES).map(|i| CudaContext::new(i).expect("a device")).collect()
}

/// Runs `text` on 64 numbers 0, 1, .., with 64 threads, on a stream; returns what it wrote.
fn run(context: &Arc<CudaContext>, text: &str) -> Result<Vec<f32>, String> {
    let stream = context.new_stream().map_err(|e| e.to_string())?;
    run_on(&stream, text, 64)
}

fn run_on(stream: &Arc<CudaStream>, text: &str, count: usize) -> Result<Vec<f32>, String> {
    let context = stream.context();
    let ptx = cudarc::nvrtc::compile_ptx(format!("{HEAD}{text}")).map_err(|e| e.to_string())?;
    let module = context.load_module(ptx).map_err(|e| e.to_string())?;
    let kernel = module.load_function("kernel").map_err(|e| e.to_string())?;
    let numbers: Vec<f32> = (0..count).map(|i| i as f32).collect();
    let from = stream.clone_htod(&numbers).map_err(|e| e.to_string())?;
    // SAFETY: the kernels write it before it is read, or their test expects otherwise.
    let to = unsafe { stream.alloc::<f32>(count) }.map_err(|e| e.to_string())?;
    let params = Params { from: from.device_ptr(stream).0, to: to.device_ptr(stream).0, count: count as u32 };
    let config = LaunchConfig { grid_dim: (1, 1, 1), block_dim: (64, 1, 1), shared_mem_bytes: 0 };
    // SAFETY: the kernel takes `Params`.
    unsafe { stream.launch_builder(&kernel).arg(&params).launch(config) }.map_err(|e| e.to_string())?;
    stream.clone_dtoh(&to).map_err(|e| e.to_string())
}

/// The sum of a warp by shuffles, and of the block through shared memory.
const SUMS: &str = r#"
extern "C" __global__ void __launch_bounds__(64) kernel(const Params params) {
    __shared__ float sums[2];
    unsigned i = threadIdx.x;
    float sum = params.from[i];
    for (unsigned by = 16; by > 0; by /= 2) {
        sum += __shfl_xor_sync(0xffffffffu, sum, by);
    }
    if (i % 32 == 0) {
        sums[i / 32] = sum;
    }
    __syncthreads();
    params.to[i] = sums[0] + sums[1];
}
"#;

#[test]
fn barriers_shuffles_and_shared_memory_work_in_every_order() {
    let _alone = alone();
    for context in devices() {
        assert_eq!(run(&context, SUMS), Ok(vec![2016.0; 64]), "{:?}", context.name());
    }
}

#[test]
fn a_missing_barrier_is_seen() {
    let _alone = alone();
    let without = SUMS.replace("    __syncthreads();\n", "");
    let wrong = devices().iter().filter(|c| run(c, &without) != Ok(vec![2016.0; 64])).count();
    assert!(wrong >= 2, "{wrong} orders saw it");
}

/// Runs `text`, which has a fault; returns what the error says.
fn error_of(text: &str) -> String {
    let context = CudaContext::new(3).expect("a device");
    let error = run(&context, text).expect_err("a fault");
    assert!(context.synchronize().is_err(), "a device that failed stays failed: {error}");
    error
}

#[test]
fn faults_are_errors_that_say_where() {
    let _alone = alone();
    drop(devices());
    let faults = [
        (
            SUMS.replace("unsigned i = threadIdx.x;", "unsigned i = threadIdx.x; if (i == 40) return;"),
            "which is not there",
        ),
        (
            SUMS.replace("    __syncthreads();", "    if (i == 40) return;\n    __syncthreads();"),
            "has returned before the barrier",
        ),
        (
            SUMS.replace(
                "    __syncthreads();",
                "    if (i < 32) { __syncthreads(); } else {\n __syncthreads(); }",
            ),
            "at another",
        ),
        (
            SUMS.replace(
                "sum += __shfl_xor_sync(0xffffffffu, sum, by);",
                "if (i % 2 == 0) sum += __shfl_xor_sync(0xffffffffu, sum, by);",
            ),
            "waits elsewhere than at the barrier",
        ),
        (
            SUMS.replace("__shfl_xor_sync(0xffffffffu, sum, by)", "__shfl_xor_sync(0x0000ffffu, sum, by)"),
            "mask",
        ),
        (SUMS.replace("params.to[i] =", "params.to[i + 1] ="), "touches byte 256 of an allocation of 256"),
        (SUMS.replace("params.to[i] =", "params.to[i] = params.from[i - 1] +"), "touches"),
        (SUMS.replace("params.to[i] =", "*(float*)(8ul * params.count) ="), "no device memory"),
    ];
    for (text, expected) in faults {
        assert_ne!(text, SUMS, "the fault was planted");
        let error = error_of(&text);
        assert!(error.contains(expected) && error.contains("kernel kernel"), "{expected}: {error}");
    }
}

#[test]
fn a_write_a_few_bytes_past_the_end_is_seen() {
    let _alone = alone();
    drop(devices());
    let context = CudaContext::new(2).expect("a device");
    let stream = context.new_stream().expect("a stream");
    let text = r#"extern "C" __global__ void kernel(const Params params) {
        if (threadIdx.x <= params.count) { params.to[threadIdx.x] = 1.0f; }
    }"#;
    let error = run_on(&stream, text, 61).expect_err("a fault");
    assert!(error.contains("past the end of an allocation of 244 bytes"), "{error}");
}

#[test]
fn memory_that_was_not_written_is_nan() {
    let _alone = alone();
    let context = &devices()[0];
    let text = "extern \"C\" __global__ void kernel(const Params params) { (void)params; }";
    assert!(run(context, text).expect("runs").iter().all(|x| x.is_nan()));
}

#[test]
fn what_the_kernels_may_not_use_is_refused() {
    let _alone = alone();
    let context = &devices()[0];
    let two = "extern \"C\" __global__ void kernel(const Params params, int n) {}";
    assert!(run(context, two).expect_err("refused").contains("not one constant structure"));
    let unused = "extern \"C\" __global__ void kernel(const Params params) { int n; (void)params; }";
    assert!(run(context, unused).expect_err("a warning is an error").contains("unused"));
}

#[test]
fn streams_run_ahead_or_lag_and_events_order_them() {
    let _alone = alone();
    for context in devices() {
        // SAFETY: the test orders its streams itself.
        unsafe { context.disable_event_tracking() };
        let (a, b) = (context.new_stream().expect("a stream"), context.new_stream().expect("a stream"));
        let mut place = a.clone_htod(&[1.0f32]).expect("memory");
        a.synchronize().expect("works");
        a.memcpy_htod(&[2.0f32], &mut place).expect("copies");
        let early = b.clone_dtoh(&place).expect("copies")[0];
        b.join(&a).expect("waits");
        let late = b.clone_dtoh(&place).expect("copies")[0];
        let expected = if context.ordinal() % 2 == 0 { 1.0 } else { 2.0 };
        assert_eq!((early, late), (expected, 2.0), "device {}", context.ordinal());
    }
}

#[test]
fn a_graph_does_again_what_was_captured() {
    let _alone = alone();
    let context = &devices()[0];
    // SAFETY: one stream.
    unsafe { context.disable_event_tracking() };
    let stream = context.new_stream().expect("a stream");
    let text = r#"extern "C" __global__ void kernel(const Params params) {
        params.to[threadIdx.x] += params.from[threadIdx.x];
    }"#;
    let ptx = cudarc::nvrtc::compile_ptx(format!("{HEAD}{text}")).expect("compiles");
    let kernel = context.load_module(ptx).expect("loads").load_function("kernel").expect("is there");
    let from = stream.clone_htod(&[1.0f32; 64]).expect("memory");
    let to = stream.alloc_zeros::<f32>(64).expect("memory");
    let params = Params { from: from.device_ptr(&stream).0, to: to.device_ptr(&stream).0, count: 64 };
    let config = LaunchConfig { grid_dim: (1, 1, 1), block_dim: (64, 1, 1), shared_mem_bytes: 0 };
    stream.begin_capture(sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL).expect("begins");
    // SAFETY: the kernel takes `Params`.
    unsafe { stream.launch_builder(&kernel).arg(&params).launch(config) }.expect("is captured");
    let graph = stream.end_capture(sys::CUgraphInstantiate_flags(0)).expect("ends").expect("a graph");
    assert_eq!(stream.clone_dtoh(&to).expect("copies"), vec![0.0; 64], "capturing runs nothing");
    for _ in 0..3 {
        graph.launch().expect("runs");
    }
    assert_eq!(stream.clone_dtoh(&to).expect("copies"), vec![3.0; 64]);
    stream.begin_capture(sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL).expect("begins");
    assert!(stream.synchronize().is_err(), "a stream that is captured cannot be waited for");
    assert!(stream.end_capture(sys::CUgraphInstantiate_flags(0)).is_err());
}
