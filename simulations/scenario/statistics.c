/* Spreads and confidence intervals. Wilson: "Probable inference, the law of succession, and
 * statistical inference", 1927. */
#include "scenario/statistics.h"

#include <math.h>
#include <stdlib.h>

static int compare_values(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

double student_975(size_t degrees)
{
    static const double small[] = {0,     12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365,
                                   2.306, 2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
                                   2.120, 2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069,
                                   2.064, 2.060,  2.056, 2.052, 2.048, 2.045, 2.042};
    static const struct {
        size_t degrees;
        double value;
    } large[] = {{1000, 1.962}, {120, 1.980}, {60, 2.000}, {40, 2.021}, {30, 2.042}};
    if (degrees < sizeof small / sizeof *small) {
        return small[degrees];
    }
    size_t i = 0;
    while (large[i].degrees > degrees) {
        i += 1;
    }
    return large[i].value;
}

void spread_of(double *values, size_t count, struct spread *out)
{
    *out = (struct spread){.count = count};
    if (count == 0) {
        return;
    }
    qsort(values, count, sizeof *values, compare_values);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
    }
    double mean = sum / (double)count;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        squares += (values[i] - mean) * (values[i] - mean);
    }
    double deviation = count > 1 ? sqrt(squares / (double)(count - 1)) : 0;
    double margin = student_975(count - 1) * deviation / sqrt((double)count);
    out->least = values[0];
    out->most = values[count - 1];
    out->median = (values[(count - 1) / 2] + values[count / 2]) / 2;
    out->p95 = values[(95 * count + 99) / 100 - 1];
    out->mean = mean;
    out->low = mean - margin;
    out->high = mean + margin;
}

void share_of(size_t hits, size_t count, double *low, double *high)
{
    const double z = 1.959964;
    if (count == 0) {
        *low = 0;
        *high = 1;
        return;
    }
    double n = (double)count;
    double p = (double)hits / n;
    double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    double margin = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    *low = middle - margin > 0 ? middle - margin : 0;
    *high = middle + margin < 1 ? middle + margin : 1;
}
