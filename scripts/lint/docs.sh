#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The README's option table is what the code's option table generates.
exec scripts/check-docs.sh
