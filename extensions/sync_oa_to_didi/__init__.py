"""Seeyon OA to DiDi Enterprise."""
