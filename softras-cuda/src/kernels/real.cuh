// Numbers: what the formulas are written with. Divisions and roots are exact (IEEE), nothing is fused: the same bits as
// on the host.

#define FN static __device__ __forceinline__

FN float real_keep(float real, bool mask) { return mask ? real : 0.0f; }

FN float real_select(bool mask, float yes, float no) { return mask ? yes : no; }

FN float real_recip(float real) { return 1.0f / real; }

FN float real_sq(float real) { return real * real; }

FN float real_min(float real, float other) { return other < real ? other : real; }

FN float real_max(float real, float other) { return real < other ? other : real; }

// Holds `real` between `low` and `high`.
FN float real_clamp(float real, float low, float high) { return real_min(real_max(real, low), high); }

// Added to a number from -126 to 127, this rounds it to the nearest integer n, and leaves n + 127 in the lowest bits.
#define NEAREST 12583039.0f

// The integer nearest to `real`, which is from -126 to 127, and two to its power.
FN float real_nearest_pow2(float real, float& pow2) {
    float shifted = real + NEAREST;
    pow2 = __uint_as_float(__float_as_uint(shifted) << 23);
    return shifted - NEAREST;
}
