// Statistics as pure functions of records. docs/statistics.md says which is used where, and how each was checked.
#pragma once

#include "lab/statistics/bootstrap.h"
#include "lab/statistics/intervals.h"
#include "lab/statistics/posterior.h"
#include "lab/statistics/power.h"
#include "lab/statistics/random.h"
#include "lab/statistics/significance.h"
#include "lab/statistics/verdict.h"
