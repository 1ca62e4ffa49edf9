/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MESSAGE_ID= of the lines that programs may wait for: each has an entry in
 * systemd/awsfed.catalog, which `journalctl --catalog` shows.  They are part of
 * the interface: one is never given another meaning.
 */
#ifndef AWSFED_CATALOG_H
#define AWSFED_CATALOG_H

/* The profile is idle */
#define MESSAGE_PROFILE_IDLE "94cbbb7077814dc0a6456219e50752b9"
/* The profile waits for a sign-in */
#define MESSAGE_PROFILE_WAITING "c328b7497f534fb89752f551fff07811"
/* The profile has fresh credentials */
#define MESSAGE_PROFILE_FRESH "3b5bb65403244683a7419361574a55db"
/* The renewal of a profile is tried again later */
#define MESSAGE_PROFILE_BACKOFF "bb2cb75d17c2412aa7cb75b1afce3382"
/* The profile needs a login */
#define MESSAGE_PROFILE_NEEDS_LOGIN "de9d1f6617c04e80a64005c0f61dd166"
/* The profile has failed */
#define MESSAGE_PROFILE_FAILED "b0bc0286e20248ceba56f521892f47cd"
/* The identity is signed out */
#define MESSAGE_IDENTITY_SIGNED_OUT "e7c3d9da2fe84385ac04abb65d816778"
/* A sign-in has begun */
#define MESSAGE_IDENTITY_WORKING "18396982f54b4875b94f48fc32de139d"
/* A sign-in asks a person */
#define MESSAGE_IDENTITY_ASKING "83eb7f36edc445448f6d37fdcdeb7606"
/* The identity is signed in */
#define MESSAGE_IDENTITY_SIGNED_IN "7992051c81ce4ca39260b7322eaee4fd"
/* The sign-in is tried again later */
#define MESSAGE_IDENTITY_BACKOFF "0528fcdc507f4fa0b19caf4930b3e259"
/* The sign-in needs a person */
#define MESSAGE_IDENTITY_NEEDS_USER "7010b15d86524ba59a36cb892fcd8528"
/* What was held before a restart was taken over */
#define MESSAGE_STATE_TAKEN "906ff059ded4433aa9365d9a4b735fa1"
/* What was held before a restart was dropped */
#define MESSAGE_STATE_DROPPED "103fdc724d504db189fdb3fbb2be611e"
/* The agent ends because it holds nothing */
#define MESSAGE_IDLE_EXIT "9766b6f219a448b996c28acaec371ced"
/* Lines for the journal were left out */
#define MESSAGE_LINES_LOST "c0828ed9c6ed4595931937122ae08004"

#endif
