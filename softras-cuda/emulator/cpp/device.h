// The part of CUDA C++ that the kernels use, in plain C++: put in front of every module that the emulated compiler is
// given. A thread is a fibre; what needs other threads (barriers, warps) asks the driver through a table of functions.

#ifndef EMULATED_DEVICE
#define EMULATED_DEVICE

struct uint3 {
    unsigned int x, y, z;
};
typedef uint3 dim3;
struct float2 {
    float x, y;
};
struct float3 {
    float x, y, z;
};
struct float4 {
    float x, y, z, w;
};
struct uint4 {
    unsigned int x, y, z, w;
};

static inline float2 make_float2(float x, float y) { return float2{x, y}; }
static inline float3 make_float3(float x, float y, float z) { return float3{x, y, z}; }
static inline float4 make_float4(float x, float y, float z, float w) { return float4{x, y, z, w}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return uint4{x, y, z, w}; }

// What the driver tells a thread, and does for it.
struct EmulatedDevice {
    uint3 thread;
    uint3 block;
    dim3 threads;
    dim3 blocks;
    void (*barrier)(int line);
    unsigned long long (*exchange)(unsigned mask, unsigned long long value, unsigned from, int line);
    unsigned (*ballot)(unsigned mask, int truth, int line);
};

#ifndef EMULATED_DRIVER

static EmulatedDevice* emulated_device;

extern "C" {
// Shared memory lies in a section of its own, so that the driver can fill it with garbage before every block.
extern char __start_emulated_shared[] __attribute__((weak, visibility("hidden")));
extern char __stop_emulated_shared[] __attribute__((weak, visibility("hidden")));
char* emulated_shared_begin() { return __start_emulated_shared; }
char* emulated_shared_end() { return __stop_emulated_shared; }
void emulated_bind(EmulatedDevice* device) { emulated_device = device; }
}

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __shared__ static __attribute__((section("emulated_shared")))
#define __align__(n) __attribute__((aligned(n)))

#define threadIdx (emulated_device->thread)
#define blockIdx (emulated_device->block)
#define blockDim (emulated_device->threads)
#define gridDim (emulated_device->blocks)
#define warpSize 32

#define __syncthreads() emulated_device->barrier(__LINE__)
#define __syncwarp(...) emulated_syncwarp(__LINE__, ##__VA_ARGS__)
#define __ballot_sync(mask, truth) emulated_device->ballot(mask, (truth) ? 1 : 0, __LINE__)
#define __any_sync(mask, truth) (emulated_device->ballot(mask, (truth) ? 1 : 0, __LINE__) != 0u)
#define __all_sync(mask, truth) (emulated_device->ballot(mask, (truth) ? 0 : 1, __LINE__) == 0u)
#define __shfl_sync(mask, value, from) emulated_shuffle(mask, value, (from) & 31, __LINE__)
#define __shfl_xor_sync(mask, value, with) emulated_shuffle(mask, value, (emulated_lane() ^ (with)), __LINE__)
#define __shfl_down_sync(mask, value, by) \
    emulated_shuffle(mask, value, emulated_lane() + (by) < 32 ? emulated_lane() + (by) : emulated_lane(), __LINE__)
#define __shfl_up_sync(mask, value, by) \
    emulated_shuffle(mask, value, emulated_lane() >= (by) ? emulated_lane() - (by) : emulated_lane(), __LINE__)

static inline unsigned emulated_lane() {
    return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) & 31u;
}
static inline void emulated_syncwarp(int line, unsigned mask = 0xffffffffu) {
    emulated_device->ballot(mask, 0, line);
}
template <class T>
static inline T emulated_shuffle(unsigned mask, T value, unsigned from, int line) {
    unsigned long long bits = 0;
    static_assert(sizeof(T) <= 8, "a shuffle moves at most 8 bytes");
    __builtin_memcpy(&bits, &value, sizeof(T));
    bits = emulated_device->exchange(mask, bits, from, line);
    __builtin_memcpy(&value, &bits, sizeof(T));
    return value;
}

template <class T>
static inline T emulated_add(T* at, T value) {
    T old = *at;
    *at = old + value;
    return old;
}
#define atomicAdd(at, value) emulated_add(at, value)
static inline unsigned atomicOr(unsigned* at, unsigned value) {
    unsigned old = *at;
    *at = old | value;
    return old;
}

static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline unsigned __float_as_uint(float x) {
    unsigned bits;
    __builtin_memcpy(&bits, &x, 4);
    return bits;
}
static inline float __uint_as_float(unsigned bits) {
    float x;
    __builtin_memcpy(&x, &bits, 4);
    return x;
}
static inline float fminf(float a, float b) { return a < b ? a : (b == b ? b : a); }
static inline float fmaxf(float a, float b) { return a > b ? a : (b == b ? b : a); }
static inline float fabsf(float x) { return __builtin_fabsf(x); }
static inline float sqrtf(float x) { return __builtin_sqrtf(x); }
static inline float floorf(float x) { return __builtin_floorf(x); }
static inline float expf(float x) { return __builtin_expf(x); }
static inline float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline double fmin(double a, double b) { return a < b ? a : (b == b ? b : a); }
static inline double fmax(double a, double b) { return a > b ? a : (b == b ? b : a); }
static inline double fabs(double x) { return __builtin_fabs(x); }
static inline double floor(double x) { return __builtin_floor(x); }
static inline double ceil(double x) { return __builtin_ceil(x); }
template <class T>
static inline T __ldg(const T* at) { return *at; }
static inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
static inline unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }

#endif

#endif
