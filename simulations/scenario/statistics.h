/* What many runs say together. */
#ifndef SCENARIO_STATISTICS_H
#define SCENARIO_STATISTICS_H

#include <stddef.h>

/* How values are spread. `low` to `high` is the 95 % confidence interval of the mean, by Student's
 * t; of one value it is that value. */
struct spread {
    size_t count;
    double least;
    double median; /* of an even number the mean of the middle two */
    double p95;    /* the smallest value that at least 95 % do not exceed (nearest rank) */
    double most;
    double mean;
    double low;
    double high;
};

/* @values are sorted on the way. All zero when there are none. */
void spread_of(double *values, size_t count, struct spread *out);

/* The 0.975 quantile of Student's t with so many degrees of freedom; 0 for none. Between the rows
 * of the table the wider one is taken. */
double student_975(size_t degrees);

/* The 95 % confidence interval of a share of @hits in @count, by Wilson's score. */
void share_of(size_t hits, size_t count, double *low, double *high);

#endif
