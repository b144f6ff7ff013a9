"""What the end-to-end tests share: a world per class, and the sum that must hold after each."""

import unittest

import configs
from machine import World, metric_total


class WorldCase(unittest.TestCase):
    """A class of tests against one appliance; KIND is the link's kind."""
    KIND = "tap"
    CONFIG = configs.FULL
    HUGE = "never"
    world: World

    @classmethod
    def setUpClass(cls):
        name = f"{cls.__module__.removeprefix('test_')}-{cls.__name__}".lower()
        cls.world = World(name.replace("_", "-"), cls.KIND, cls.CONFIG, cls.HUGE)
        cls.addClassCleanup(cls.world.close)
        cls.net, cls.home, cls.appliance = cls.world.net, cls.world.home, cls.world.appliance

    def tearDown(self):
        self.assertIsNone(self.appliance.process.poll(),
                          f"the appliance died: {self.appliance.output().strip()[-600:]}")


class FramesEndOnce:
    """Mixed into a class, it checks the books after the class's traffic; `zz` runs last."""

    def test_zz_every_frame_ended_once(self):
        text = self.appliance.settled_metrics()
        came = metric_total(text, "terminus_frames_in_total")
        ends = metric_total(text, "terminus_frame_ends_total")
        self.assertGreater(came, 0)
        self.assertEqual(came, ends)
        self.assertEqual(metric_total(text, "terminus_frames_total", direction="rx"),
                         metric_total(text, "terminus_frames_in_total", **{"from": "device"}))
        drops = metric_total(text, "terminus_drops_total")
        dropped = metric_total(text, "terminus_frame_ends_total", end="dropped")
        self.assertGreaterEqual(drops, dropped)
